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

/// Implements `FromStr`, `Display` and `Serialize` as hexadecimal digits, and `AsRef<[u8]>`, for types that have
/// `from_hex`, `to_hex` and `as_bytes`.
macro_rules! hex_text {
    ($type:ident) => {
        impl core::str::FromStr for $type {
            type Err = crate::json::hex::HexError;

            /// Reads hexadecimal digits of either case.
            fn from_str(digits: &str) -> Result<Self, Self::Err> {
                Self::from_hex(digits)
            }
        }

        impl core::fmt::Display for $type {
            /// Writes hexadecimal digits.
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(&self.to_hex())
            }
        }

        impl AsRef<[u8]> for $type {
            fn as_ref(&self) -> &[u8] {
                self.as_bytes()
            }
        }

        impl serde_core::Serialize for $type {
            /// Writes hexadecimal digits.
            fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.to_hex())
            }
        }
    };
}
