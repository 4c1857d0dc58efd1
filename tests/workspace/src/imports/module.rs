//! Reads a tree of modules: what each file defines, what it uses and which paths it names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Item, ItemMod, UseTree, Visibility};

use crate::code::attributes;

/// The names of the modules from the root of the crate down.
pub(super) type Name = Vec<String>;

/// A module: a file, or a `mod x { }` inside one.
#[derive(Debug, Default)]
pub(super) struct Module {
    pub(super) file: PathBuf,
    /// Names that it defines, its modules included.
    pub(super) defined: BTreeSet<String>,
    pub(super) uses: Vec<Use>,
    /// Paths in code, as written.
    pub(super) paths: BTreeSet<Name>,
    /// Names in code, outside of `use`.
    pub(super) words: BTreeSet<String>,
}

/// One name of a `use`.
#[derive(Debug, Clone)]
pub(super) struct Use {
    pub(super) path: Name,
    /// The name that it gets here; none for `*`.
    pub(super) alias: Option<String>,
    pub(super) reexport: bool,
}

/// Reads the file and all modules below it.
pub(super) fn load(root_file: &Path) -> BTreeMap<Name, Module> {
    let mut modules = BTreeMap::new();
    let folder = root_file.parent().expect("a file is in a folder");
    load_file(&mut modules, Vec::new(), root_file, folder);
    modules
}

/// `folder` is where the files of its modules are.
fn load_file(modules: &mut BTreeMap<Name, Module>, name: Name, file: &Path, folder: &Path) {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    load_items(modules, name, file, folder, syntax.items);
}

fn load_items(modules: &mut BTreeMap<Name, Module>, name: Name, file: &Path, folder: &Path, items: Vec<Item>) {
    let mut module = Module { file: file.to_owned(), ..Module::default() };
    for item in items {
        if is_for_tests(attributes(&item)) {
            continue;
        }
        if let Some(defined) = defined_name(&item) {
            module.defined.insert(defined);
        }
        match item {
            Item::Mod(inner) => load_module(modules, &name, file, folder, inner),
            Item::Use(item) => {
                let reexport = !matches!(item.vis, Visibility::Inherited);
                flatten(&item.tree, &mut Vec::new(), reexport, &mut module.uses);
            }
            item => scan(item.into_token_stream(), &mut module),
        }
    }
    modules.insert(name, module);
}

fn load_module(modules: &mut BTreeMap<Name, Module>, parent: &Name, file: &Path, folder: &Path, module: ItemMod) {
    let ident = module.ident.to_string();
    let mut name = parent.clone();
    name.push(ident.clone());
    // Another file for the same module, in a build with other features. It imports as the first one does, and what is
    // imported is the first one.
    if modules.contains_key(&name) {
        name.pop();
        name.push(format!("{ident} {}", modules.len()));
    }
    let folder = folder.join(&ident);
    if let Some((_, items)) = module.content {
        load_items(modules, name, file, &folder, items);
        return;
    }
    if let Some(path) = path_attribute(&module.attrs) {
        let file = file.parent().expect("a file is in a folder").join(path);
        load_file(modules, name, &file, file.parent().expect("a file is in a folder"));
        return;
    }
    let beside = folder.with_extension("rs");
    if beside.exists() {
        load_file(modules, name, &beside, &folder);
    } else {
        load_file(modules, name, &folder.join("mod.rs"), &folder);
    }
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| {
        let pair = attribute.meta.require_name_value().ok().filter(|pair| pair.path.is_ident("path"))?;
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) = &pair.value else { return None };
        Some(path.value())
    })
}

/// `#[cfg(test)]` and `#[test]`.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        syn::Meta::NameValue(_) => false,
    })
}

fn defined_name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Mod(item) => &item.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

fn flatten(tree: &UseTree, path: &mut Name, reexport: bool, uses: &mut Vec<Use>) {
    match tree {
        UseTree::Path(tree) => {
            path.push(tree.ident.to_string());
            flatten(&tree.tree, path, reexport, uses);
            path.pop();
        }
        UseTree::Name(tree) if tree.ident == "self" => {
            uses.push(Use { path: path.clone(), alias: path.last().cloned(), reexport });
        }
        UseTree::Name(tree) => push(uses, path, &tree.ident.to_string(), tree.ident.to_string(), reexport),
        UseTree::Rename(tree) => push(uses, path, &tree.ident.to_string(), tree.rename.to_string(), reexport),
        UseTree::Glob(_) => uses.push(Use { path: path.clone(), alias: None, reexport }),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, path, reexport, uses)),
    }
}

fn push(uses: &mut Vec<Use>, path: &Name, last: &str, alias: String, reexport: bool) {
    let path = path.iter().cloned().chain([last.to_owned()]).filter(|part| part != "self" || path.is_empty()).collect();
    uses.push(Use { path, alias: Some(alias), reexport });
}

/// Collects names and paths, those in macros too.
fn scan(tokens: TokenStream, module: &mut Module) {
    let mut path: Name = Vec::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                if colons < 2 {
                    finish(&mut path, module);
                }
                colons = 0;
                module.words.insert(ident.to_string());
                path.push(ident.to_string());
                continue;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                colons += 1;
                continue;
            }
            TokenTree::Group(group) if colons == 2 && group.delimiter() == Delimiter::Brace => {
                // A `use` inside a function.
                for inner in group.stream() {
                    if let TokenTree::Ident(ident) = inner {
                        module.paths.insert(path.iter().cloned().chain([ident.to_string()]).collect());
                    }
                }
            }
            TokenTree::Group(group) => scan(group.stream(), module),
            _ => {}
        }
        finish(&mut path, module);
        colons = 0;
    }
    finish(&mut path, module);
}

fn finish(path: &mut Name, module: &mut Module) {
    if path.len() > 1 {
        module.paths.insert(std::mem::take(path));
    }
    path.clear();
}
