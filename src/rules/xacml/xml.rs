//! Requests and answers in XML (XACML 3.0 core, sections 5.42 to 5.57).

use super::answer::{Answer, unreadable};
use super::markup::{Element, parse};
use crate::error::Result;
use crate::rules::{Obligation, RuleCategory};

const XACML: &str = "urn:oasis:names:tc:xacml:3.0:core:schema:wd-17";

/// A request.
pub(super) fn request(categories: &[RuleCategory], policy_ids: bool) -> Vec<u8> {
    let mut out = format!(
        r#"<Request xmlns="{XACML}" CombinedDecision="false" ReturnPolicyIdList="{policy_ids}">"#
    );
    for category in categories {
        out.push_str("<Attributes Category=\"");
        escape(&category.id, &mut out);
        out.push_str("\">");
        for attribute in &category.attributes {
            out.push_str("<Attribute AttributeId=\"");
            escape(&attribute.id, &mut out);
            out.push_str("\" IncludeInResult=\"false\">");
            for value in &attribute.values {
                out.push_str("<AttributeValue DataType=\"");
                out.push_str(attribute.data_type.uri());
                out.push_str("\">");
                escape(value, &mut out);
                out.push_str("</AttributeValue>");
            }
            out.push_str("</Attribute>");
        }
        out.push_str("</Attributes>");
    }
    out.push_str("</Request>");
    out.into_bytes()
}

/// What XML 1.0 has no way to write becomes the mark for what cannot be shown: left out, it would make one value of
/// another.
fn escape(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
}

/// The one result of an answer. Elements that nobody knows are passed over; what is known must have its shape.
pub(super) fn answer(body: &[u8]) -> Result<Answer> {
    read(body).ok_or_else(unreadable)
}

fn read(body: &[u8]) -> Option<Answer> {
    let response = parse(body)?;
    if !is(&response, "Response") {
        return None;
    }
    let result = only(&response, "Result")??;
    let mut answer =
        Answer { decision: only(result, "Decision")??.text.trim().to_owned(), ..Answer::default() };
    if let Some(status) = only(result, "Status")? {
        if let Some(code) = only(status, "StatusCode")? {
            answer.status = Some(code.attribute("Value")?.to_owned());
        }
        answer.message = only(status, "StatusMessage")?.map(|message| message.text.clone());
    }
    if let Some(obligations) = only(result, "Obligations")? {
        answer.obligations = duties(obligations, "Obligation", "ObligationId")?;
    }
    // Advice binds nobody, so nobody minds its shape.
    if let Some(advice) = named(result, "AssociatedAdvice").next() {
        answer.advice = duties(advice, "Advice", "AdviceId").unwrap_or_default();
    }
    for list in named(result, "PolicyIdentifierList") {
        for name in ["PolicyIdReference", "PolicySetIdReference"] {
            answer.policies.extend(named(list, name).map(|policy| policy.text.trim().to_owned()));
        }
    }
    Some(answer)
}

fn duties(list: &Element, name: &str, id: &str) -> Option<Vec<Obligation>> {
    let duty = |element: &Element| {
        let mut obligation = Obligation::new(element.attribute(id)?);
        for assignment in named(element, "AttributeAssignment") {
            obligation = obligation.with(assignment.attribute("AttributeId")?, &assignment.text);
        }
        Some(obligation)
    };
    named(list, name).map(duty).collect()
}

fn is(element: &Element, name: &str) -> bool {
    element.name == name && element.namespace == XACML
}

fn named<'a>(parent: &'a Element, name: &'a str) -> impl Iterator<Item = &'a Element> {
    parent.children.iter().filter(move |child| is(child, name))
}

/// The child of this name, if there is one; nothing at all when there are several.
fn only<'a>(parent: &'a Element, name: &'a str) -> Option<Option<&'a Element>> {
    let mut found = named(parent, name);
    let first = found.next();
    found.next().is_none().then_some(first)
}
