//! The findings of `doctor` about a server.

use serde::Serialize;

use crate::failure::Failure;

/// The grade of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Grade {
    Good,
    /// Worth knowing, but not a fault.
    Note,
    Fault,
}

/// The result of one check.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    /// The name of the check.
    pub(super) check: &'static str,
    pub(super) grade: Grade,
    /// The fault in one word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fault: Option<&'static str>,
    pub(super) message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
}

/// The findings about one server, in the order of the checks.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(super) fn good(&mut self, check: &'static str, message: impl Into<String>) {
        self.0.push(Finding { check, grade: Grade::Good, fault: None, message: message.into(), hint: None });
    }

    pub(super) fn note(&mut self, check: &'static str, message: impl Into<String>) {
        self.0.push(Finding { check, grade: Grade::Note, fault: None, message: message.into(), hint: None });
    }

    pub(super) fn fault(&mut self, check: &'static str, fault: &'static str, message: impl Into<String>, hint: &str) {
        let (message, hint) = (message.into(), Some(hint.to_owned()));
        self.0.push(Finding { check, grade: Grade::Fault, fault: Some(fault), message, hint });
    }

    /// Adds a fault in spite of which everything works, as a note.
    pub(super) fn lesser_fault(&mut self, check: &'static str, fault: &'static str, message: String, hint: &str) {
        self.0.push(Finding { check, grade: Grade::Note, fault: Some(fault), message, hint: Some(hint.to_owned()) });
    }

    /// Adds a failure as a fault with the name of its cause.
    pub(super) fn failure(&mut self, check: &'static str, failure: &Failure) {
        self.fault(check, failure.cause.name(), failure.words.clone(), failure.cause.hint());
    }

    /// Returns the fault to fix first.
    pub(super) fn first_fault(&self) -> Option<&Finding> {
        self.0.iter().find(|finding| finding.grade == Grade::Fault)
    }
}
