//! Reads decimal fractions as integers of a fixed scale, digit by digit: `1e-05` and `0.00001` are the same number, and
//! it is never rounded to a binary fraction.

/// How many digits of a number are read, more than any amount has. The rest is cut off.
const DIGITS: u32 = 30;

/// Returns `number` times ten to the power of `decimals`, rounded towards zero; `None` if it does not fit.
///
/// `number` is the text of a JSON number.
pub(crate) fn scaled(number: &[u8], decimals: i32) -> Option<i128> {
    let (mantissa_text, exponent_text) = match number.iter().position(|b| matches!(b, b'e' | b'E')) {
        Some(at) => (&number[..at], &number[at + 1..]),
        None => (number, &[][..]),
    };
    let negative = mantissa_text.first() == Some(&b'-');

    let (mut mantissa, mut kept, mut power, mut in_fraction): (i128, u32, i32, bool) = (0, 0, 0, false);
    for &byte in mantissa_text {
        match byte {
            b'.' => in_fraction = true,
            b'0'..=b'9' if kept < DIGITS => {
                mantissa = mantissa * 10 + i128::from(byte - b'0');
                kept += u32::from(mantissa != 0);
                power -= i32::from(in_fraction);
            }
            // Cut off: a digit of the whole part still multiplies by ten.
            b'0'..=b'9' => power = power.saturating_add(i32::from(!in_fraction)),
            _ => {}
        }
    }
    if mantissa == 0 {
        return Some(0);
    }
    let shift = power.saturating_add(exponent(exponent_text)).saturating_add(decimals);
    let magnitude = match u32::try_from(shift) {
        Ok(up) => mantissa.checked_mul(10i128.checked_pow(up)?)?,
        Err(_) => 10i128.checked_pow(shift.unsigned_abs()).map_or(0, |divisor| mantissa / divisor),
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// Reads an exponent with its sign, limited to a million either way.
fn exponent(text: &[u8]) -> i32 {
    let negative = text.first() == Some(&b'-');
    let mut value: i32 = 0;
    for digit in text.iter().filter(|b| b.is_ascii_digit()) {
        value = value.saturating_mul(10).saturating_add(i32::from(digit - b'0'));
    }
    let value = value.min(1_000_000);
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_value_are_one_value() {
        for text in ["0.00001", "1e-05", "1E-5", "1.0e-5", "0.1e-4", "0.000010000", "100e-7", "10.0E-0006"] {
            assert_eq!(scaled(text.as_bytes(), 8), Some(1000), "{text}");
        }
        for text in ["0", "0.0", "-0", "0e99999999999", "-0.0e-5", "1e-9", "9.99e-9", "1e-99999999999"] {
            assert_eq!(scaled(text.as_bytes(), 8), Some(0), "{text}");
        }
    }

    #[test]
    fn digits_are_exact_and_cut_off_towards_zero() {
        for (text, decimals, value) in [
            ("0.00003488", 8, 3488),
            ("3.488e-05", 8, 3488),
            ("-1", 8, -100_000_000),
            ("4.285714149475098", 3, 4285),
            ("-4.9", 0, -4),
            ("20999999.97690000", 8, 2_099_999_997_690_000),
            ("12345678901234567890", 0, 12_345_678_901_234_567_890),
            ("1.00000000000000000000000000000000000000001", 2, 100),
            // 41 digits of which 30 are kept, then moved back by the exponent.
            ("12345678901234567890123456789012345678901e-31", 0, 1_234_567_890),
        ] {
            assert_eq!(scaled(text.as_bytes(), decimals), Some(value), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_nothing() {
        for text in ["1e31", "1e999999999999", "123456789012345678901234567890123456789012"] {
            assert_eq!(scaled(text.as_bytes(), 8), None, "{text}");
        }
    }
}
