//! What derive macros would write, without the crates that they need to be compiled.

/// Implements `Display` and `Error` for a type: a text for each of its patterns.
macro_rules! error_texts {
    ($type:ident { $($pattern:pat => $text:literal $(, $value:expr)*;)* }) => {
        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self {
                    $($pattern => write!(f, $text $(, $value)*),)*
                }
            }
        }

        impl core::error::Error for $type {}
    };
}

/// Implements `Serialize` for a structure: its fields by their names.
macro_rules! serialize_fields {
    ($($type:ident { $($field:ident),* })*) => {$(
        impl serde_core::Serialize for $type {
            fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde_core::ser::SerializeStruct as _;
                let mut fields = serializer.serialize_struct(stringify!($type), [$(stringify!($field)),*].len())?;
                $(fields.serialize_field(stringify!($field), &self.$field)?;)*
                fields.end()
            }
        }
    )*};
}
