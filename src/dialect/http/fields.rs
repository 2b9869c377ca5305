//! The headers of a request.

use super::StatusCode;

/// What the headers say of a file, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileFields {
    /// Content-Type.
    pub content_type: Option<String>,
    /// How long the body is that comes in pieces, where that is told; in bytes.
    pub content_length: Option<u64>,
    /// Content-Range: which part of the file the body is.
    pub content_range: Option<String>,
    /// Upload-Offset of tus 1.0: where in the file the body begins.
    pub upload_offset: Option<String>,
    /// Range: which part is wanted.
    pub range: Option<String>,
    /// If-Range: of which file that is.
    pub if_range: Option<String>,
}

impl FileFields {
    pub(super) fn of(fields: &Fields<'_>) -> FileFields {
        let length = fields.words("content-length");
        FileFields {
            content_type: fields.words("content-type"),
            content_length: length.and_then(|length| length.parse().ok()),
            content_range: fields.words("content-range"),
            upload_offset: fields.words("upload-offset"),
            range: fields.words("range"),
            if_range: fields.words("if-range"),
        }
    }
}

/// The headers of a request.
pub(super) struct Fields<'a>(pub(super) &'a [httparse::Header<'a>]);

impl<'a> Fields<'a> {
    /// The values of a field in the order of their lines.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let named = self
            .0
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name));
        named.map(|header| header.value)
    }

    /// Does the client expect nothing but to be told that its body is wanted (RFC 9110 section 10.1.1)?
    pub(super) fn expects_little(&self) -> bool {
        let is_known = |value: &[u8]| value.eq_ignore_ascii_case(b"100-continue");
        self.values("expect").all(is_known)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// A field's value; that of several lines is theirs with commas between (RFC 9110 section 5.3), which
    /// is no good value of a field that must stand once.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, StatusCode> {
        let values: Vec<&[u8]> = self.values(name).collect();
        if values.is_empty() {
            return Ok(None);
        }
        let joined = String::from_utf8(values.join(&b", "[..]));
        joined.map(Some).map_err(|_| StatusCode::BadRequest)
    }

    /// As [`Fields::text`], whatever is in it: what is not UTF-8 of it hides nothing else.
    pub(super) fn words(&self, name: &str) -> Option<String> {
        let values: Vec<&[u8]> = self.values(name).collect();
        let joined = || String::from_utf8_lossy(&values.join(&b", "[..])).into_owned();
        (!values.is_empty()).then(joined)
    }

    /// The members of a list.
    pub(super) fn list(&self, name: &str) -> Result<Vec<String>, StatusCode> {
        let text = self.text(name)?.unwrap_or_default();
        let members = text.split(',').map(str::trim);
        Ok(members
            .filter(|member| !member.is_empty())
            .map(String::from)
            .collect())
    }
}
