//! A filter as text: brackets only where they are needed, so that there is one text for one filter.

use std::fmt::{self, Write};

use super::node::{Node, Term, Test};
use crate::model::path::AttributePath;

/// Prints without recursion: down to a leaf, then up as long as nothing follows.
pub(super) fn print(nodes: &[Node], out: &mut impl Write) -> fmt::Result {
    let mut at = 0;
    while let Some(node) = nodes.get(at) {
        open(nodes, at, out)?;
        if node.term.is_leaf() {
            let Some(next) = close(nodes, at, out)? else { break };
            at = next;
        } else {
            at += 1;
        }
    }
    Ok(())
}

/// What stands before the children of a node, or all of a leaf.
fn open(nodes: &[Node], at: usize, out: &mut impl Write) -> fmt::Result {
    let Some(node) = nodes.get(at) else { return Ok(()) };
    match &node.term {
        Term::Not => out.write_str("not ("),
        Term::Any if is_grouped(nodes, at) => out.write_char('('),
        Term::All | Term::Any => Ok(()),
        Term::Test(path, test) => {
            write!(out, "{path}")?;
            print_test(test, out)
        }
        Term::Entry(path) | Term::Selected(path, _) => {
            print_attribute(path, out)?;
            out.write_char('[')
        }
    }
}

/// What stands behind a node and those of its parents that end with it; answers which node comes next.
fn close(nodes: &[Node], mut at: usize, out: &mut impl Write) -> Result<Option<usize>, fmt::Error> {
    while at > 0 {
        let Some(node) = nodes.get(at) else { break };
        let above = at.saturating_sub(node.up);
        let Some(parent) = nodes.get(above) else { break };
        let next = at + node.span;
        if next < above + parent.span {
            out.write_str(if parent.term == Term::All { " and " } else { " or " })?;
            return Ok(Some(next));
        }
        match &parent.term {
            Term::Not => out.write_char(')')?,
            Term::Any if is_grouped(nodes, above) => out.write_char(')')?,
            Term::Entry(_) => out.write_char(']')?,
            Term::Selected(path, test) => {
                write!(out, "].{}", path.sub_attribute.as_deref().unwrap_or_default())?;
                print_test(test, out)?;
            }
            Term::All | Term::Any | Term::Test(..) => {}
        }
        at = above;
    }
    Ok(None)
}

/// `and` binds before `or`.
fn is_grouped(nodes: &[Node], at: usize) -> bool {
    let above = nodes.get(at).filter(|_| at > 0).map(|node| at.saturating_sub(node.up));
    above.and_then(|above| nodes.get(above)).is_some_and(|parent| parent.term == Term::All)
}

fn print_test(test: &Test, out: &mut impl Write) -> fmt::Result {
    match test {
        Test::Present => out.write_str(" pr"),
        Test::Compare(operator, value) => write!(out, " {operator} {value}"),
    }
}

/// The path up to the bracket.
pub(super) fn print_attribute(path: &AttributePath, out: &mut impl Write) -> fmt::Result {
    if let Some(urn) = &path.schema {
        write!(out, "{urn}:")?;
    }
    out.write_str(&path.attribute)
}

impl Term {
    fn is_leaf(&self) -> bool {
        matches!(self, Self::Test(..))
    }
}
