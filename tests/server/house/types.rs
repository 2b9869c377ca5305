//! No two types of one name: whoever reads it knows which is meant.

use std::collections::BTreeMap;

use syn::Item;

use super::assert_none;
use super::source::{line_of, product};

#[test]
fn no_two_types_have_one_name() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in product() {
        for item in &source.items {
            let name = match item {
                Item::Enum(item) => &item.ident,
                Item::Struct(item) => &item.ident,
                Item::Trait(item) => &item.ident,
                Item::Type(item) => &item.ident,
                Item::Union(item) => &item.ident,
                _ => continue,
            };
            let place = format!("src/{}:{}", source.name, line_of(item));
            places.entry(name.to_string()).or_default().push(place);
        }
    }
    let twice = places.into_iter().filter(|(_, places)| places.len() > 1);
    assert_none(
        twice
            .map(|(name, places)| format!("{name}: {}", places.join(", ")))
            .collect(),
    );
}
