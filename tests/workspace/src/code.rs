//! Reads Rust code: counts its lines, finds its functions.

use std::collections::BTreeSet;
use std::path::Path;

use quote::ToTokens;
use syn::{Attribute, Expr, ExprLit, Item, Lit, Meta, Visibility};

use proc_macro2::{TokenStream, TokenTree};

/// Counts the lines of a file that hold code: no comments, blank lines or tests.
///
/// # Panics
/// If it cannot be read or is not Rust.
#[must_use]
pub fn lines(file: &Path) -> usize {
    let mut lines = BTreeSet::new();
    for item in items(file) {
        if !attributes(&item).iter().any(is_test) {
            collect(item.into_token_stream(), &mut lines);
        }
    }
    lines.len()
}

/// Returns the functions of a file that carry documentation, with its first sentence.
///
/// # Panics
/// If it cannot be read or is not Rust.
#[must_use]
pub fn documented_functions(file: &Path) -> Vec<(String, String)> {
    let functions = items(file).into_iter().filter_map(|item| match item {
        Item::Fn(function) => Some(function),
        _ => None,
    });
    functions
        .filter_map(|function| {
            let text: String = function.attrs.iter().filter_map(documentation).collect();
            let sentence = text.trim().split(". ").next()?.trim_end_matches('.').to_owned();
            (!sentence.is_empty()).then(|| (function.sig.ident.to_string(), sentence))
        })
        .collect()
}

/// Returns the public types and traits of a file whose documentation has no example that runs. Those that a macro makes
/// are not seen.
///
/// # Panics
/// If it cannot be read or is not Rust.
#[must_use]
pub fn types_without_example(file: &Path) -> Vec<String> {
    let types = items(file).into_iter().filter_map(|item| match item {
        Item::Struct(item) => Some((item.vis, item.attrs, item.ident)),
        Item::Enum(item) => Some((item.vis, item.attrs, item.ident)),
        Item::Trait(item) => Some((item.vis, item.attrs, item.ident)),
        _ => None,
    });
    let is_public = |visibility: &Visibility| matches!(visibility, Visibility::Public(_));
    let has_example = |attributes: &[Attribute]| {
        let text: String = attributes.iter().filter_map(documentation).collect();
        text.contains("```") && !text.contains("```no_run") && !text.contains("```ignore")
    };
    types
        .filter(|(visibility, attributes, _)| is_public(visibility) && !has_example(attributes))
        .map(|(_, _, name)| name.to_string())
        .collect()
}

fn items(file: &Path) -> Vec<Item> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display())).items
}

fn documentation(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else { return None };
    pair.path.is_ident("doc").then(|| format!("{} ", text.value().trim()))
}

fn is_test(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.meta.to_token_stream().to_string().contains("test")
}

pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The lines on which tokens stand, those of comments left out.
fn collect(tokens: TokenStream, lines: &mut BTreeSet<usize>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if let TokenTree::Punct(punct) = &token {
            let is_doc = |next: &TokenTree| matches!(next, TokenTree::Group(group) if group.stream().to_string().starts_with("doc ="));
            if punct.as_char() == '#' && tokens.next_if(is_doc).is_some() {
                continue;
            }
        }
        match token {
            TokenTree::Group(group) => {
                lines.extend([group.span_open().start().line, group.span_close().end().line]);
                collect(group.stream(), lines);
            }
            token => lines.extend(token.span().start().line..=token.span().end().line),
        }
    }
}
