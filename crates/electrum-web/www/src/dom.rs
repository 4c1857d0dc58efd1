//! Access to the elements of the page.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Document, Element, Event, Window};

/// The window of the page.
pub(crate) fn window() -> Window {
    web_sys::window().expect("the program runs in a page")
}

fn document() -> Document {
    window().document().expect("a window has a document")
}

/// Returns the element of `index.html` with this id.
pub(crate) fn by_id<T: JsCast>(id: &str) -> T {
    let element = document().get_element_by_id(id).unwrap_or_else(|| panic!("the page has no #{id}"));
    element.dyn_into().unwrap_or_else(|_| panic!("#{id} is another kind of element"))
}

/// Sets the text of an element.
pub(crate) fn show(id: &str, text: &str) {
    by_id::<Element>(id).set_text_content(Some(text));
}

/// Sets the class of an element, which gives it its colour.
pub(crate) fn classify(id: &str, class: &str) {
    by_id::<Element>(id).set_class_name(class);
}

/// Removes all children of an element.
pub(crate) fn clear(id: &str) {
    by_id::<Element>(id).replace_children_with_node_0();
}

/// Makes an element with a text.
pub(crate) fn element(tag: &str, class: &str, text: &str) -> Element {
    let element = document().create_element(tag).expect("the name of a tag");
    element.set_class_name(class);
    element.set_text_content(Some(text));
    element
}

/// Adds an element at the end of another.
pub(crate) fn append(parent: &Element, child: &Element) {
    parent.append_with_node_1(child).expect("an element takes children");
}

/// Adds an element at the beginning of a list, and removes elements at its end beyond `most`.
pub(crate) fn prepend(list: &str, child: &Element, most: u32) {
    let list: Element = by_id(list);
    list.prepend_with_node_1(child).expect("an element takes children");
    while list.child_element_count() > most {
        let Some(last) = list.last_element_child() else { return };
        last.remove();
    }
}

/// Makes a row of a table, whose first cell is its heading.
pub(crate) fn row(cells: &[&str]) -> Element {
    let row = element("tr", "", "");
    for (place, cell) in cells.iter().enumerate() {
        append(&row, &element(if place == 0 { "th" } else { "td" }, "", cell));
    }
    row
}

/// Sets the text and the class of a cell of a row.
pub(crate) fn set_cell(row: &Element, place: u32, class: &str, text: &str) {
    if let Some(cell) = row.children().item(place) {
        cell.set_class_name(class);
        cell.set_text_content(Some(text));
    }
}

/// Calls `run` when a form is submitted, for as long as the page is open.
pub(crate) fn on_submit(id: &str, mut run: impl FnMut() + 'static) {
    let closure = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
        event.prevent_default();
        run();
    });
    let listened = by_id::<Element>(id).add_event_listener_with_callback("submit", closure.as_ref().unchecked_ref());
    listened.expect("a form takes listeners");
    closure.forget();
}

/// Returns the present time of day in the user's format.
pub(crate) fn time_of_day() -> String {
    js_sys::Date::new_0().to_locale_time_string("default").into()
}

/// Formats a time in seconds since 1970 in the user's format.
pub(crate) fn date(unix_time: u32) -> String {
    let date = js_sys::Date::new(&(f64::from(unix_time) * 1000.0).into());
    date.to_locale_string("default", &js_sys::Object::new()).into()
}
