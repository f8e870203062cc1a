//! A policy decision point that speaks XACML 3.0 over its REST profile 1.1.
//!
//! | file | what | |
//! |---|---|---|
//! | `json` | requests and answers in the JSON profile: 1.1 is written, 1.0 and 1.1 are read | pure |
//! | `xml`, `markup` | the same in XML, and a reader of XML that takes no document types | pure |
//! | `answer` | what an answer means | pure |
//! | `engine` | the parts joined to a client | sends |

mod answer;
mod engine;
mod json;
mod markup;
mod xml;

pub use engine::{XacmlEngine, XacmlFormat};
