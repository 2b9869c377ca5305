//! What is set of an owned room beside what most have, as an object of JSON: what is as it is at first is left out.

use serde_json::{Map, Value, json};

use crate::model::{MaskKind, RoomMask, RoomRest};

/// The lists of masks, by their names.
const LISTS: [(MaskKind, &str); 3] = [
    (MaskKind::Ban, "ban"),
    (MaskKind::Exception, "exception"),
    (MaskKind::Invitation, "invitation"),
];

pub(super) fn written(rest: &RoomRest) -> String {
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| drop(object.insert(key.into(), value));
    if rest.made_ms > 0 {
        put("made_ms", rest.made_ms.into());
    }
    if let Some((by, at_ms)) = &rest.topic_set {
        put("topic_set", json!([by, at_ms]));
    }
    for (key, is_set) in [
        ("moderated", rest.is_moderated),
        ("secret", rest.is_secret),
        ("open", rest.is_open),
        ("no_ctcp", rest.has_no_ctcp),
    ] {
        if is_set {
            put(key, true.into());
        }
    }
    if let Some(limit) = rest.limit {
        put("limit", limit.into());
    }
    if !rest.masks.is_empty() {
        let name = |kind| {
            LISTS
                .iter()
                .find(|(it, _)| *it == kind)
                .map(|(_, name)| *name)
        };
        let masks = rest.masks.iter();
        let masks = masks.map(|it| json!([name(it.kind), it.mask, it.by, it.at_ms]));
        put("masks", masks.collect());
    }
    if !rest.metadata.is_empty() {
        put("metadata", json!(rest.metadata));
    }
    Value::Object(object).to_string()
}

/// What it says; what is none of ours is left out.
pub(super) fn read(text: &str) -> RoomRest {
    let object: Value = serde_json::from_str(text).unwrap_or_default();
    let flag = |key: &str| object[key].as_bool().unwrap_or(false);
    let limit = object["limit"].as_u64();
    RoomRest {
        made_ms: object["made_ms"].as_u64().unwrap_or(0),
        topic_set: topic_set(&object["topic_set"]),
        is_moderated: flag("moderated"),
        is_secret: flag("secret"),
        is_open: flag("open"),
        has_no_ctcp: flag("no_ctcp"),
        limit: limit.and_then(|limit| u32::try_from(limit).ok()),
        masks: object["masks"]
            .as_array()
            .map_or(Vec::new(), |masks| masks.iter().filter_map(mask).collect()),
        metadata: object["metadata"]
            .as_object()
            .map_or_else(Default::default, |all| {
                let texts = all.iter();
                let texts =
                    texts.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.into())));
                texts.collect()
            }),
    }
}

fn topic_set(value: &Value) -> Option<(String, u64)> {
    Some((value[0].as_str()?.into(), value[1].as_u64()?))
}

fn mask(value: &Value) -> Option<RoomMask> {
    let name = value[0].as_str()?;
    Some(RoomMask {
        kind: LISTS.iter().find(|(_, it)| *it == name)?.0,
        mask: value[1].as_str()?.into(),
        by: value[2].as_str()?.into(),
        at_ms: value[3].as_u64()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(written(&RoomRest::default()), "{}");
        let masks = LISTS.map(|(kind, name)| RoomMask {
            kind,
            mask: format!("{name}!*@*"),
            by: "\"o\"".into(),
            at_ms: u64::MAX,
        });
        let rest = RoomRest {
            made_ms: 7,
            topic_set: Some(("bob".into(), 8)),
            is_moderated: true,
            is_secret: true,
            is_open: true,
            has_no_ctcp: true,
            limit: Some(u32::MAX),
            masks: masks.into(),
            metadata: [("url".to_owned(), "x".to_owned())].into(),
        };
        assert_eq!(read(&written(&rest)), rest);
        for strange in ["", "[]", r#"{"masks":[[1]],"limit":-1,"topic_set":7}"#] {
            assert_eq!(read(strange), RoomRest::default(), "{strange}");
        }
    }
}
