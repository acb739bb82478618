//! The eight codes of a dialing rule, as columns.

use tandem_domain::dialing::{CodeField, PbxCodes};

use crate::{
    StoreError,
    db::{Arg, Row},
    diff::Values,
};

/// The columns, in the order of [`CodeField::ALL`].
pub(crate) const COLUMNS: &str =
    "spy_prefix, whisper_prefix, barge_in_prefix, spy_digit, whisper_digit, barge_in_digit, record_start, record_stop";

/// Reads the codes of a row.
pub(crate) fn read(row: &Row) -> Result<PbxCodes, StoreError> {
    Ok(PbxCodes {
        spy_prefix: row.parse(CodeField::SpyPrefix.key())?,
        whisper_prefix: row.parse(CodeField::WhisperPrefix.key())?,
        barge_in_prefix: row.parse(CodeField::BargeInPrefix.key())?,
        spy_digit: row.parse(CodeField::SpyDigit.key())?,
        whisper_digit: row.parse(CodeField::WhisperDigit.key())?,
        barge_in_digit: row.parse(CodeField::BargeInDigit.key())?,
        record_start: row.parse(CodeField::RecordStart.key())?,
        record_stop: row.parse(CodeField::RecordStop.key())?,
    })
}

/// The codes as arguments for [`COLUMNS`].
pub(crate) fn args(codes: &PbxCodes) -> impl Iterator<Item = Arg> + '_ {
    CodeField::ALL.into_iter().map(|field| codes.get(field).into())
}

/// The codes as fields.
pub(crate) fn values(codes: &PbxCodes) -> Values {
    CodeField::ALL.into_iter().map(|field| (field.key().to_owned(), codes.get(field))).collect()
}

/// Whether a field holds a code.
pub(crate) fn is_code(field: &str) -> bool {
    CodeField::ALL.into_iter().any(|code| code.key() == field)
}
