//! Texts as offsets and one buffer.

/// Checks offsets and UTF-8 and returns the number of values.
pub(crate) fn check_text(offsets: &[u32], bytes: &[u8]) -> Result<usize, String> {
    if offsets.first().is_none_or(|first| *first != 0) {
        return Err("the offsets of a text column begin with 0".into());
    }
    if offsets
        .last()
        .is_none_or(|last| *last as usize != bytes.len())
    {
        return Err("the last offset is not the length of the texts".into());
    }
    if !offsets.is_sorted() {
        return Err("the offsets fall".into());
    }
    let whole = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let inside = |offset: &u32| !whole.is_char_boundary(*offset as usize);
    if offsets.iter().any(inside) {
        return Err("an offset lies inside a character".into());
    }
    Ok(offsets.len() - 1)
}
