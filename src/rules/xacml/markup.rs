//! A reader of small XML documents from strangers (XML 1.0, Namespaces in XML 1.0).
//!
//! Not for: XML at large. What can do harm is refused rather than understood: document types, and with them all
//! entities of their own, processing instructions, encodings other than UTF-8, deep nesting, names beyond ASCII. What it
//! reads, it reads as every other reader does.

/// Deeper than this no answer goes.
const DEEPEST: usize = 32;
/// The most elements of one document.
const MOST: usize = 4096;
/// What no prefix may stand for but its own.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// An element, without its comments.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) namespace: String,
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    pub(super) children: Vec<Self>,
    /// All of its own text, in order.
    pub(super) text: String,
}

impl Element {
    /// An attribute that has no prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The document's element, or none for what is not a document or is not taken.
pub(super) fn parse(body: &[u8]) -> Option<Element> {
    let text = std::str::from_utf8(body).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.chars().any(is_no_character) {
        return None;
    }
    let mut reader = Reader { rest: text, elements: 0 };
    reader.declaration()?;
    reader.between()?;
    let mut scope = Vec::new();
    let root = reader.element(&mut scope, 0)?;
    reader.between()?;
    reader.rest.is_empty().then_some(root)
}

fn is_no_character(letter: char) -> bool {
    matches!(letter, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r')
}

/// How each part of a name begins.
fn is_well_begun(part: &str) -> bool {
    part.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
}

struct Reader<'a> {
    rest: &'a str,
    elements: usize,
}

/// Prefixes and what they stand for, the innermost last.
type Scope<'a> = Vec<(&'a str, String)>;

impl<'a> Reader<'a> {
    fn takes(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn take(&mut self, text: &str) -> Option<()> {
        self.takes(text).then_some(())
    }

    /// What stands before `end`, which is passed over.
    fn until(&mut self, end: &str) -> Option<&'a str> {
        let (before, rest) = self.rest.split_once(end)?;
        self.rest = rest;
        Some(before)
    }

    /// Passes over blanks, and answers whether there were any.
    fn blanks(&mut self) -> bool {
        let rest = self.rest.trim_start_matches(is_blank);
        let some = rest.len() < self.rest.len();
        self.rest = rest;
        some
    }

    /// `<?xml version="1.0" encoding="UTF-8"?>`, if it is there.
    fn declaration(&mut self) -> Option<()> {
        if !self.rest.strip_prefix("<?xml").is_some_and(|rest| rest.starts_with(is_blank)) {
            return Some(());
        }
        self.take("<?xml")?;
        let mut expected = ["version", "encoding", "standalone"].iter();
        loop {
            let is_apart = self.blanks();
            if self.takes("?>") {
                // The version must have been there.
                return (expected.len() < 3).then_some(());
            }
            let name = self.name()?;
            let is_first = expected.len() == 3;
            let is_expected = expected.any(|known| *known == name);
            let value = self.value()?;
            let is_good = match name {
                "version" => value == "1.0",
                "encoding" => value.eq_ignore_ascii_case("utf-8"),
                _ => matches!(value, "yes" | "no"),
            };
            if !(is_apart && is_expected && is_good && (is_first == (name == "version"))) {
                return None;
            }
        }
    }

    /// Blanks and comments around the element.
    fn between(&mut self) -> Option<()> {
        loop {
            self.blanks();
            if !self.takes("<!--") {
                return Some(());
            }
            self.comment()?;
        }
    }

    fn comment(&mut self) -> Option<()> {
        // Two hyphens end it, or it is none.
        self.until("--")?;
        self.take(">")
    }

    fn name(&mut self) -> Option<&'a str> {
        let belongs = |letter: char| {
            letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | ':')
        };
        let end = self.rest.find(|letter| !belongs(letter))?;
        let (name, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        name.split(':').all(is_well_begun).then_some(name)
    }

    /// `="…"`, as it is written.
    fn value(&mut self) -> Option<&'a str> {
        self.blanks();
        self.take("=")?;
        self.blanks();
        let quote = if self.takes("\"") { "\"" } else { self.take("'").map(|()| "'")? };
        self.until(quote).filter(|raw| !raw.contains('<'))
    }

    fn element(&mut self, scope: &mut Scope<'a>, depth: usize) -> Option<Element> {
        self.elements += 1;
        if depth > DEEPEST || self.elements > MOST {
            return None;
        }
        self.take("<")?;
        let full_name = self.name()?;
        let outside = scope.len();
        let (attributes, is_empty) = self.attributes(scope)?;
        let (prefix, name) = split(full_name)?;
        let mut element = Element {
            namespace: resolve(prefix, scope)?,
            name: name.to_owned(),
            ..Element::default()
        };
        let mut seen: Vec<(String, &str)> = Vec::new();
        for (full_name, value) in attributes {
            let (prefix, name) = split(full_name)?;
            let namespace = if prefix.is_empty() { String::new() } else { resolve(prefix, scope)? };
            if seen.iter().any(|(known, other)| *other == name && *known == namespace) {
                return None;
            }
            if namespace.is_empty() {
                element.attributes.push((name.to_owned(), value));
            }
            seen.push((namespace, name));
        }
        if !is_empty {
            self.content(&mut element, scope, depth)?;
            (self.name()? == full_name).then_some(())?;
            self.blanks();
            self.take(">")?;
        }
        scope.truncate(outside);
        Some(element)
    }

    /// The attributes of a tag, and whether it is the whole element. Namespaces go into the scope.
    fn attributes(&mut self, scope: &mut Scope<'a>) -> Option<(Vec<(&'a str, String)>, bool)> {
        let mut attributes: Vec<(&str, String)> = Vec::new();
        let mut declared: Vec<&str> = Vec::new();
        loop {
            let is_apart = self.blanks();
            if self.takes("/>") {
                return Some((attributes, true));
            }
            if self.takes(">") {
                return Some((attributes, false));
            }
            if !is_apart {
                return None;
            }
            let name = self.name()?;
            let raw = self.value()?;
            let blank = |letter: char| if is_blank(letter) { ' ' } else { letter };
            let value = replaced(&raw.chars().map(blank).collect::<String>())?;
            let prefix = match name.strip_prefix("xmlns") {
                Some("") => Some(""),
                Some(rest) => rest.strip_prefix(':'),
                None => None,
            };
            let Some(prefix) = prefix else {
                attributes.push((name, value));
                continue;
            };
            let is_reserved = prefix == "xml" || prefix == "xmlns" || value == XML;
            if declared.contains(&prefix) || is_reserved || (value.is_empty() && !prefix.is_empty())
            {
                return None;
            }
            declared.push(prefix);
            scope.push((prefix, value));
        }
    }

    /// What stands between the tags, and the beginning of the second one.
    fn content(
        &mut self,
        element: &mut Element,
        scope: &mut Scope<'a>,
        depth: usize,
    ) -> Option<()> {
        loop {
            let start = self.rest.find('<')?;
            let (raw, rest) = self.rest.split_at_checked(start)?;
            if raw.contains("]]>") {
                return None;
            }
            element.text.push_str(&replaced(raw)?);
            self.rest = rest;
            if self.takes("</") {
                return Some(());
            } else if self.takes("<!--") {
                self.comment()?;
            } else if self.takes("<![CDATA[") {
                element.text.push_str(self.until("]]>")?);
            } else if self.rest.starts_with("<!") || self.rest.starts_with("<?") {
                return None;
            } else {
                element.children.push(self.element(scope, depth + 1)?);
            }
        }
    }
}

/// Prefix and name.
fn split(full_name: &str) -> Option<(&str, &str)> {
    match full_name.split_once(':') {
        None => Some(("", full_name)),
        Some((prefix, name)) => {
            let is_good = !prefix.is_empty() && !name.is_empty() && !name.contains(':');
            is_good.then_some((prefix, name))
        }
    }
}

fn resolve(prefix: &str, scope: &Scope<'_>) -> Option<String> {
    if prefix == "xml" {
        return Some(XML.to_owned());
    }
    let known = scope.iter().rev().find(|(known, _)| *known == prefix);
    match known {
        Some((_, namespace)) => Some(namespace.clone()),
        None => prefix.is_empty().then(String::new),
    }
}

/// Text with its references replaced: the five that XML has itself, and characters by number.
fn replaced(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut parts = raw.split('&');
    text.push_str(parts.next()?);
    for part in parts {
        let (reference, rest) = part.split_once(';')?;
        text.push(match reference {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            number => character(number.strip_prefix('#')?)?,
        });
        text.push_str(rest);
    }
    Some(text)
}

fn character(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let letter = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
    (!is_no_character(letter)).then_some(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Documents that are taken, and what another reader would see in them.
    #[test]
    fn a_document_is_read() {
        let text = |document: &str| parse(document.as_bytes()).map(|element| element.text);
        assert_eq!(text("<a/>").as_deref(), Some(""));
        assert_eq!(
            text("<?xml version='1.0' encoding='UTF-8'?>\n<!-- x --><a>1</a >\n").as_deref(),
            Some("1")
        );
        assert_eq!(text("\u{feff}<a>&lt;&#65;&#x42;<!-- no -->&amp;</a>").as_deref(), Some("<AB&"));
        assert_eq!(text("<a><![CDATA[<b>&amp;]]></a>").as_deref(), Some("<b>&amp;"));
        let root =
            parse(b"<p:a xmlns:p='u' xmlns='v' x='1&#10;2\n3' p:x='no'><b><c xmlns=''/></b></p:a>");
        let root = root.unwrap_or_default();
        assert_eq!((root.namespace.as_str(), root.attribute("x")), ("u", Some("1\n2 3")));
        let inner = root.children.first();
        assert_eq!(inner.map(|inner| inner.namespace.as_str()), Some("v"));
        let inmost = inner.and_then(|inner| inner.children.first());
        assert_eq!(inmost.map(|inmost| inmost.namespace.as_str()), Some(""));
    }

    /// What is no document, and what is one but could do harm.
    #[test]
    fn what_could_do_harm_is_refused() {
        for document in [
            "",
            "text",
            "<a>",
            "</a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>x",
            "<a b=1/>",
            "<a b='1' b='2'/>",
            "<a b='1'c='2'/>",
            "<a b='<'/>",
            "<a>&b;</a>",
            "<a>&amp</a>",
            "<a>&#0;</a>",
            "<a>&#x110000;</a>",
            "<a>&#;</a>",
            "<a>&#+65;</a>",
            "<a>]]></a>",
            "<a>\u{1}</a>",
            "<!-- a -- b --><a/>",
            "<a><!b></a>",
            "<a><?b?></a>",
            "<?b?><a/>",
            "<p:a/>",
            "<a p:b='1'/>",
            "<a xmlns:p=''/>",
            "<a xmlns='1' xmlns='2'/>",
            "<:a/>",
            "<a:b:c xmlns:a='u'/>",
            "<1/>",
            "< a/>",
            "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>",
            "<?xml version='1.0' encoding='UTF-16'?><a/>",
            "<?xml version='2.0'?><a/>",
            "<?xml ?><a/>",
            "<?xml encoding='UTF-8'?><a/>",
            "<?xml encoding='UTF-8' version='1.0'?><a/>",
            "<?xml version='1.0'encoding='UTF-8'?><a/>",
            "<?xml version='1.0' encoding='UTF-8' encoding='UTF-8'?><a/>",
            "<?xml version='1.0' standalone='maybe'?><a/>",
            "<?xml version='1.0' x='y'?><a/>",
            " <?xml version='1.0'?><a/>",
            "<a;b/>",
            "<a²/>",
            "<a:1 xmlns:a='u'/>",
            "<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
            "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
            "<!DOCTYPE a [<!ENTITY b 'bb'><!ENTITY c '&b;&b;'>]><a>&c;</a>",
            "<!DOCTYPE a><a/>",
        ] {
            assert!(parse(document.as_bytes()).is_none(), "{document}");
        }
        assert!(parse(&[b'<', b'a', b'>', 0xff, b'<', b'/', b'a', b'>']).is_none());
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(parse(nested(32).as_bytes()).is_some());
        assert!(parse(nested(10_000).as_bytes()).is_none());
        assert!(parse(format!("<a>{}</a>", "<b/>".repeat(5_000)).as_bytes()).is_none());
    }
}
