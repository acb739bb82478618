//! Which crates the WebAssembly's bytes come from: function bodies by the crate in their names.
//!
//! Read from what rustc wrote, before wasm-bindgen and wasm-opt, which take the names away: the shares are right, the sum is
//! more than what the browser loads. What the compiler inlined counts for the crate that it was inlined into.

use std::collections::BTreeMap;

/// Bytes of code per crate, the most first; `None` when this is not WebAssembly with names.
pub fn shares(wasm: &[u8]) -> Option<Vec<(String, u64)>> {
    let mut reader = Reader(wasm.strip_prefix(b"\0asm\x01\0\0\0")?);
    let (mut imported, mut sizes, mut names) = (0, Vec::new(), BTreeMap::new());
    while let Some(kind) = reader.byte() {
        let mut section = Reader(reader.bytes()?);
        match kind {
            CUSTOM if section.bytes()? == b"name" => names = function_names(section)?,
            IMPORT => imported = imported_functions(section)?,
            CODE => {
                for _ in 0..section.number()? {
                    sizes.push(section.bytes()?.len() as u64);
                }
            }
            _ => {}
        }
    }
    let mut crates = BTreeMap::new();
    for (index, size) in (imported..).zip(sizes) {
        let name = names.get(&index).map_or("without a name", |symbol| crate_of(symbol));
        *crates.entry(name.to_owned()).or_insert(0) += size;
    }
    let mut crates: Vec<(String, u64)> = crates.into_iter().collect();
    crates.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    Some(crates)
}

// Section and import kinds: WebAssembly Core Specification 2.0, §5.5.
const CUSTOM: u8 = 0;
const IMPORT: u8 = 2;
const CODE: u8 = 10;
const FUNCTION_NAMES: u8 = 1;

/// Reads forward; `None` at the end.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    /// An unsigned number in LEB128.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// Bytes after their count: a name, a section, a function's body.
    fn bytes(&mut self) -> Option<&'a [u8]> {
        let count = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    /// A table's or memory's limits.
    fn limits(&mut self) -> Option<()> {
        let has_maximum = self.byte()? & 1 == 1;
        self.number()?;
        if has_maximum {
            self.number()?;
        }
        Some(())
    }
}

/// How many functions are imported: they have the first indices, and no bodies.
fn imported_functions(mut section: Reader<'_>) -> Option<u64> {
    let mut functions = 0;
    for _ in 0..section.number()? {
        section.bytes()?;
        section.bytes()?;
        match section.byte()? {
            0 => {
                section.number()?;
                functions += 1;
            }
            1 => {
                section.byte()?;
                section.limits()?;
            }
            2 => section.limits()?,
            3 => {
                section.byte()?;
                section.byte()?;
            }
            _ => return None,
        }
    }
    Some(functions)
}

fn function_names(mut section: Reader<'_>) -> Option<BTreeMap<u64, &str>> {
    while let Some(kind) = section.byte() {
        let mut part = Reader(section.bytes()?);
        if kind == FUNCTION_NAMES {
            let mut names = BTreeMap::new();
            for _ in 0..part.number()? {
                let index = part.number()?;
                names.insert(index, std::str::from_utf8(part.bytes()?).ok()?);
            }
            return Some(names);
        }
    }
    Some(BTreeMap::new())
}

/// The crate of a mangled name such as `_ZN10tandem_app2ui4list8ListPage17h…E`, or `_ZN60_$LT$leptos..Foo$u20$as…` for the
/// implementation of a trait.
fn crate_of(symbol: &str) -> &str {
    const OTHER: &str = "other";
    let Some(path) = symbol.strip_prefix("_ZN") else { return OTHER };
    let digits = path.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
    let (length, rest) = path.split_at(digits);
    let Some(first) = length.parse().ok().and_then(|length: usize| rest.get(..length)) else { return OTHER };
    // "_$LT$" opens a "<type as trait>"; "$RF$", "$LP$" and the like stand for signs before the type's own path.
    let mut first = first.trim_start_matches('_');
    while let Some(after) = first.strip_prefix('$') {
        first = after.split_once('$').map_or("", |(_, after)| after);
        first = first.strip_prefix("mut$u20$").or_else(|| first.strip_prefix("dyn$u20$")).unwrap_or(first);
    }
    let end = first.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(first.len());
    let name = &first[..end];
    if name.is_empty() { OTHER } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crate_is_the_first_path_in_a_mangled_name() {
        assert_eq!(crate_of("_ZN10tandem_app2ui4list8ListPage17h0123456789abcdefE"), "tandem_app");
        let of_trait = "_$LT$leptos_router..Foo$u20$as$u20$core..ops..drop..Drop$GT$";
        assert_eq!(crate_of(&format!("_ZN{}{of_trait}4drop17hE", of_trait.len())), "leptos_router");
        let of_reference = "_$LT$$RF$mut$u20$serde_json..de..Deserializer$LT$R$GT$$u20$as$GT$";
        assert_eq!(crate_of(&format!("_ZN{}{of_reference}5visit17hE", of_reference.len())), "serde_json");
        assert_eq!(crate_of("__wbindgen_malloc"), "other");
        assert_eq!(crate_of("_ZN99999999999999999999x"), "other");
    }

    #[test]
    fn bodies_are_counted_for_the_crate_that_their_name_tells() {
        let mut wasm = b"\0asm\x01\0\0\0".to_vec();
        // One imported function: "m", "f", kind 0, type 0.
        wasm.extend([2, 7, 1, 1, b'm', 1, b'f', 0, 0]);
        // Two bodies, of three and two bytes.
        wasm.extend([10, 8, 2, 3, 0, 1, 11, 2, 0, 11]);
        // Names: 1 is `_ZN4core3fmtE`; 2 has none.
        let name = b"_ZN4core3fmtE";
        wasm.extend([0, 23, 4]);
        wasm.extend(b"name");
        wasm.extend([1, 16, 1, 1, 13]);
        wasm.extend(name);
        let expected = vec![("core".to_owned(), 3), ("without a name".to_owned(), 2)];
        assert_eq!(shares(&wasm), Some(expected));
        assert_eq!(shares(b"not WebAssembly"), None);
        assert_eq!(shares(&wasm[..wasm.len() - 1]), None);
    }
}
