//! The search for files that import each other, on planted ones.

use std::path::{Path, PathBuf};

use workspace_tests::imports::{Ring, folder_rings, rings};

#[test]
fn two_files_that_import_each_other_are_found() {
    let files = [
        ("lib.rs", "mod a;\nmod b;\n"),
        ("a.rs", "use crate::b::B;\npub(crate) struct A(B);\n"),
        ("b.rs", "pub(crate) struct B;\nimpl B { fn a() -> Option<super::a::A> { None } }\n"),
    ];
    assert_eq!(found("pair", &files), [["a.rs", "b.rs"]]);
}

#[test]
fn a_ring_of_three_through_a_reexport_and_a_macro_is_found() {
    let files = [
        ("lib.rs", "mod a;\nmod b;\nmod c;\npub use a::A;\n"),
        ("a.rs", "use crate::b;\npub struct A;\nfn f() { b::f() }\n"),
        ("b.rs", "pub(crate) fn f() { assert!(matches!(crate::c::C, _)) }\n"),
        ("c.rs", "use super::A;\npub(crate) struct C(A);\n"),
    ];
    assert_eq!(found("ring", &files), [["a.rs", "b.rs", "c.rs"]]);
}

#[test]
fn a_folder_and_its_file_that_import_each_other_are_found() {
    let files = [
        ("lib.rs", "mod a;\n"),
        ("a/mod.rs", "mod b;\npub(crate) use b::B;\npub(crate) fn f(_: B) {}\n"),
        ("a/b.rs", "pub(crate) struct B;\nfn g() { super::f(B) }\n"),
    ];
    assert_eq!(found("folder", &files), [["a/b.rs", "a/mod.rs"]]);
}

#[test]
fn folders_whose_files_import_each_other_are_found() {
    let files = [
        ("lib.rs", "mod a;\nmod b;\n"),
        ("a/mod.rs", "mod one;\nmod two;\npub(crate) struct A;\n"),
        ("a/one.rs", "use crate::b::other::B;\nuse super::A;\npub(crate) fn f(_: B, _: A) {}\n"),
        ("a/two.rs", "pub(crate) struct Two;\n"),
        ("b/mod.rs", "pub(crate) mod other;\nmod more;\n"),
        ("b/other.rs", "pub(crate) struct B;\n"),
        ("b/more.rs", "use crate::a::two::Two;\nfn g(_: Two) {}\n"),
    ];
    assert_eq!(found("folders", &files), Vec::<Vec<String>>::new(), "no two of the files do");
    assert_eq!(found_by("folders", &files, folder_rings), [["a", "b"]]);
}

#[test]
fn both_files_of_a_module_that_depends_on_a_feature_are_searched() {
    let files = [
        (
            "lib.rs",
            "mod a;\n#[cfg(feature = \"b\")]\nmod b;\n#[cfg(not(feature = \"b\"))]\n#[path = \"no_b.rs\"]\nmod b;\n",
        ),
        ("a.rs", "use crate::b::B;\npub(crate) struct A(B);\n"),
        ("b.rs", "use crate::a::A;\npub(crate) struct B(Box<A>);\n"),
        ("no_b.rs", "pub(crate) struct B;\n"),
    ];
    assert_eq!(found("features", &files), [["a.rs", "b.rs"]]);
}

#[test]
fn layers_reexports_and_tests_are_no_rings() {
    let files = [
        ("lib.rs", "//! Docs.\nmod a;\nmod b;\npub use a::A;\npub use b::{B as C, B};\n"),
        (
            "a.rs",
            "use std::fmt;\npub struct A;\n#[cfg(test)]\nmod tests { use crate::B; fn f() -> B { B(super::A) } }\n",
        ),
        ("b.rs", "use crate::A;\npub struct B(pub A);\n"),
    ];
    assert_eq!(found("none", &files), Vec::<Vec<String>>::new());
}

/// The rings of files in a crate of these files.
fn found(name: &str, files: &[(&str, &str)]) -> Vec<Vec<String>> {
    found_by(name, files, rings)
}

fn found_by(name: &str, files: &[(&str, &str)], search: fn(&Path) -> Vec<Ring>) -> Vec<Vec<String>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("imports").join(name);
    for (file, text) in files {
        let file = folder.join(file);
        std::fs::create_dir_all(file.parent().expect("it is in the folder")).expect("the folder is made");
        std::fs::write(file, text).expect("the file is written");
    }
    let short = |file: PathBuf| file.strip_prefix(&folder).expect("it is in the folder").display().to_string();
    search(&folder.join("lib.rs")).into_iter().map(|ring| ring.into_iter().map(short).collect()).collect()
}
