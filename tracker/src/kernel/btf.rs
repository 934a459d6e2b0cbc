//! The kernel's own description of its types (BTF): where members sit, what functions take.
//!
//! Hand-written: aya's parser does not tell members' offsets, and the crates that do take 130 ms and more for a
//! kernel's BTF, most of the time that there is from start to the first picture. Reading only what is asked for takes
//! a few milliseconds. The format is `Documentation/bpf/btf.rst` in the kernel's source.

use rustc_hash::FxHashMap;

/// Why a BTF blob cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BtfError {
    /// It ends before it says it does.
    #[error("the kernel's type information (BTF) is cut short at byte {at}")]
    Truncated {
        /// The first byte that is missing.
        at: usize,
    },
    /// It is something else.
    #[error("this is not BTF: {what}")]
    Foreign {
        /// What is wrong with it.
        what: &'static str,
    },
    /// A struct or a member that is needed is not there.
    #[error("this kernel has no {base}.{path}")]
    MissingMember {
        /// The struct.
        base: &'static str,
        /// The member's path.
        path: &'static str,
    },
}

/// A BTF blob and the index to find structs, enums and functions in it.
#[derive(Debug)]
pub(crate) struct KernelTypes<'a> {
    data: &'a [u8],
    strings: &'a [u8],
    /// Where each type begins in `data`, by its id.
    positions: Vec<u32>,
    structs: FxHashMap<&'a [u8], u32>,
    enums: FxHashMap<&'a [u8], u32>,
    functions: FxHashMap<&'a [u8], u32>,
}

const MAGIC: u16 = 0xeb9f;
const KIND_ARRAY: u32 = 3;
const KIND_STRUCT: u32 = 4;
const KIND_UNION: u32 = 5;
const KIND_ENUM: u32 = 6;
const KIND_TYPEDEF: u32 = 8;
const KIND_VOLATILE: u32 = 9;
const KIND_CONST: u32 = 10;
const KIND_RESTRICT: u32 = 11;
const KIND_FUNC: u32 = 12;
const KIND_FUNC_PROTO: u32 = 13;
const KIND_TYPE_TAG: u32 = 18;
/// Anonymous members nest, and typedefs chain, but never deeper than this in a kernel; a loop in forged BTF ends here.
const MAX_DEPTH: u32 = 32;
/// A kernel's largest struct has some hundred members, anonymous ones' members included; forged BTF in which one leads to
/// many that lead to many ends here.
const MAX_MEMBERS: u32 = 100_000;
/// Longer than any name: the kernel's symbols have 511 characters at most. Without a limit, BTF without an end of a name
/// would be read from each name to its end.
const MAX_NAME: usize = 1024;

/// One type's fixed part.
#[derive(Clone, Copy)]
struct Type {
    name: u32,
    kind: u32,
    count: u32,
    bitfields: bool,
    /// The size, or the id of the type that it refers to.
    size_or_reference: u32,
    /// Where what follows the fixed part begins.
    tail: usize,
}

impl<'a> KernelTypes<'a> {
    /// Reads the index of a BTF blob, as `/sys/kernel/btf/vmlinux` has it.
    pub(crate) fn parse(blob: &'a [u8]) -> Result<Self, BtfError> {
        let word = |at: usize| read_u32(blob, at);
        if read_u16(blob, 0)? != MAGIC {
            return Err(BtfError::Foreign {
                what: "its first bytes are not BTF's, in this machine's byte order",
            });
        }
        let header = word(4)? as usize;
        let section = |offset: usize, length: usize| -> Result<&'a [u8], BtfError> {
            let from = header.checked_add(word(offset)? as usize);
            let to = from.and_then(|from| from.checked_add(word(length).ok()? as usize));
            match (from, to) {
                (Some(from), Some(to)) => blob.get(from..to).ok_or(BtfError::Truncated { at: blob.len() }),
                _ => Err(BtfError::Foreign { what: "a section's place overflows" }),
            }
        };
        let data = section(8, 12)?;
        let strings = section(16, 20)?;

        let mut types = Self {
            data,
            strings,
            // Id 0 is void; a kernel has some 150,000 types of 30 bytes on average.
            positions: Vec::with_capacity(data.len() / 24),
            structs: FxHashMap::default(),
            enums: FxHashMap::default(),
            functions: FxHashMap::default(),
        };
        types.positions.push(u32::MAX);
        let mut at = 0;
        while at < data.len() {
            let this = read_type(data, at)?;
            let id = types.positions.len() as u32;
            types.positions.push(at as u32);
            at = this.tail + tail_length(this)?;
            let index = match this.kind {
                KIND_STRUCT => &mut types.structs,
                KIND_ENUM => &mut types.enums,
                KIND_FUNC => &mut types.functions,
                _ => continue,
            };
            let name = name_at(strings, this.name);
            if !name.is_empty() {
                index.entry(name).or_insert(id);
            }
        }
        Ok(types)
    }

    /// The byte offset of a member, by the path of names to it, through anonymous structs and unions.
    pub(crate) fn member_offset(&self, base: &'static str, path: &'static str) -> Result<u32, BtfError> {
        Ok(self.member_bit(base, path)? / 8)
    }

    /// The same in bits, for a member that may be a part of a byte.
    pub(crate) fn member_bit(&self, base: &'static str, path: &'static str) -> Result<u32, BtfError> {
        let missing = BtfError::MissingMember { base, path };
        let mut id = *self.structs.get(base.as_bytes()).ok_or_else(|| missing.clone())?;
        let mut bits = 0;
        for name in path.split('.') {
            let mut left = MAX_MEMBERS;
            let found = self.find_member(id, name.as_bytes(), 0, &mut left);
            let (offset, of) = found.ok_or_else(|| missing.clone())?;
            bits = offset.checked_add(bits).ok_or_else(|| missing.clone())?;
            id = of;
        }
        Ok(bits)
    }

    /// How many parameters a function has.
    pub(crate) fn function_parameters(&self, name: &str) -> Option<u32> {
        let function = self.get(*self.functions.get(name.as_bytes())?)?;
        let prototype = self.get(function.size_or_reference)?;
        (prototype.kind == KIND_FUNC_PROTO).then_some(prototype.count)
    }

    /// The value of an enumerator.
    pub(crate) fn enumerator(&self, of: &str, name: &str) -> Option<u32> {
        let this = self.get(*self.enums.get(of.as_bytes())?)?;
        (0..this.count as usize).find_map(|index| {
            let at = this.tail + index * 8;
            let its_name = name_at(self.strings, read_u32(self.data, at).ok()?);
            (its_name == name.as_bytes()).then(|| read_u32(self.data, at + 4).ok()).flatten()
        })
    }

    fn get(&self, id: u32) -> Option<Type> {
        read_type(self.data, *self.positions.get(id as usize)? as usize).ok()
    }

    /// The bit offset and the type of the member with this name. No more than `left` members are looked at.
    fn find_member(&self, id: u32, name: &[u8], depth: u32, left: &mut u32) -> Option<(u32, u32)> {
        if depth > MAX_DEPTH {
            return None;
        }
        let this = self.resolve(id)?;
        if this.kind != KIND_STRUCT && this.kind != KIND_UNION {
            return None;
        }
        (0..this.count as usize).find_map(|index| {
            *left = left.checked_sub(1)?;
            let at = this.tail + index * 12;
            let its_name = name_at(self.strings, read_u32(self.data, at).ok()?);
            let of = read_u32(self.data, at + 4).ok()?;
            let place = read_u32(self.data, at + 8).ok()?;
            let bits = if this.bitfields { place & 0x00ff_ffff } else { place };
            if its_name == name {
                Some((bits, of))
            } else if its_name.is_empty() {
                let (inner, of) = self.find_member(of, name, depth + 1, left)?;
                Some((bits.checked_add(inner)?, of))
            } else {
                None
            }
        })
    }

    /// A type without its typedefs and qualifiers.
    fn resolve(&self, id: u32) -> Option<Type> {
        let mut this = self.get(id)?;
        for _ in 0..MAX_DEPTH {
            match this.kind {
                KIND_TYPEDEF | KIND_VOLATILE | KIND_CONST | KIND_RESTRICT | KIND_TYPE_TAG => {
                    this = self.get(this.size_or_reference)?;
                }
                _ => return Some(this),
            }
        }
        None
    }
}

fn read_u16(data: &[u8], at: usize) -> Result<u16, BtfError> {
    let bytes = data.get(at..).and_then(<[u8]>::first_chunk).ok_or(BtfError::Truncated { at: data.len() })?;
    Ok(u16::from_ne_bytes(*bytes))
}

fn read_u32(data: &[u8], at: usize) -> Result<u32, BtfError> {
    let bytes = data.get(at..).and_then(<[u8]>::first_chunk).ok_or(BtfError::Truncated { at: data.len() })?;
    Ok(u32::from_ne_bytes(*bytes))
}

fn read_type(data: &[u8], at: usize) -> Result<Type, BtfError> {
    let info = read_u32(data, at + 4)?;
    Ok(Type {
        name: read_u32(data, at)?,
        kind: (info >> 24) & 0x1f,
        count: info & 0xffff,
        bitfields: info >> 31 != 0,
        size_or_reference: read_u32(data, at + 8)?,
        tail: at + 12,
    })
}

/// The bytes that follow a type's fixed part.
fn tail_length(this: Type) -> Result<usize, BtfError> {
    let count = this.count as usize;
    Ok(match this.kind {
        // PTR, FWD, TYPEDEF and the qualifiers, FUNC, FLOAT, TYPE_TAG
        2 | 7..=12 | 16 | KIND_TYPE_TAG => 0,
        // INT, VAR, DECL_TAG
        1 | 14 | 17 => 4,
        KIND_ARRAY => 12,
        KIND_ENUM | KIND_FUNC_PROTO => count * 8,
        // STRUCT, UNION, DATASEC, ENUM64
        KIND_STRUCT | KIND_UNION | 15 | 19 => count * 12,
        _ => return Err(BtfError::Foreign { what: "it has a kind of type from after this program" }),
    })
}

/// A name in the string section; empty where it is none.
fn name_at(strings: &[u8], offset: u32) -> &[u8] {
    let rest = strings.get(offset as usize..).unwrap_or_default();
    let rest = &rest[..rest.len().min(MAX_NAME)];
    let end = rest.iter().position(|&byte| byte == 0).unwrap_or(0);
    &rest[..end]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use proptest::prelude::*;

    use super::*;

    /// A small BTF: `struct outer { int a; union { long b; struct inner { int c; int d; } named; }; }` and more.
    fn sample() -> Vec<u8> {
        let mut strings = vec![0_u8];
        let mut name = |text: &str| {
            let at = strings.len() as u32;
            strings.extend_from_slice(text.as_bytes());
            strings.push(0);
            at
        };
        let info = |kind: u32, count: u32| (kind << 24) | count;
        let words = [
            // 1: int, 4 bytes
            vec![name("int"), info(1, 0), 4, 32],
            // 2: struct inner { int c; int d; }
            vec![name("inner"), info(KIND_STRUCT, 2), 8, name("c"), 1, 0, name("d"), 1, 32],
            // 3: const struct inner
            vec![0, info(KIND_CONST, 0), 2],
            // 4: union { int b; const struct inner named; }
            vec![0, info(KIND_UNION, 2), 8, name("b"), 1, 0, name("named"), 3, 0],
            // 5: struct outer { int a; union …; }
            vec![name("outer"), info(KIND_STRUCT, 2), 16, name("a"), 1, 0, 0, 4, 64],
            // 6: enum colour { red, green = 7 }
            vec![name("colour"), info(KIND_ENUM, 2), 4, name("red"), 0, name("green"), 7],
            // 7: int (int, int), 8: function add
            vec![0, info(KIND_FUNC_PROTO, 2), 1, 0, 1, 0, 1],
            vec![name("add"), info(KIND_FUNC, 1), 7],
            // 9: struct bits { int low:3; int high:5; } with offsets in the newer form
            vec![name("bits"), info(KIND_STRUCT, 1) | 1 << 31, 4, name("high"), 1, (5 << 24) | 8],
        ]
        .concat();
        let types: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let mut blob = Vec::new();
        blob.extend_from_slice(&MAGIC.to_ne_bytes());
        blob.extend_from_slice(&[1, 0]);
        for word in [24, 0, types.len() as u32, types.len() as u32, strings.len() as u32] {
            blob.extend_from_slice(&word.to_ne_bytes());
        }
        blob.extend_from_slice(&types);
        blob.extend_from_slice(&strings);
        blob
    }

    #[test]
    fn members_are_found_through_anonymous_unions_and_qualifiers() {
        let blob = sample();
        let types = KernelTypes::parse(&blob).unwrap();
        assert_eq!(types.member_offset("outer", "a"), Ok(0));
        assert_eq!(types.member_offset("outer", "b"), Ok(8));
        assert_eq!(types.member_offset("outer", "named.d"), Ok(12));
        assert_eq!(types.member_offset("bits", "high"), Ok(1));
        assert_eq!(types.enumerator("colour", "green"), Some(7));
        assert_eq!(types.enumerator("colour", "blue"), None);
        assert_eq!(types.function_parameters("add"), Some(2));
        assert_eq!(
            types.member_offset("outer", "named.e"),
            Err(BtfError::MissingMember { base: "outer", path: "named.e" })
        );
        assert_eq!(
            types.member_offset("nowhere", "a").unwrap_err().to_string(),
            "this kernel has no nowhere.a"
        );
    }

    #[test]
    fn every_cut_is_an_error_or_loses_nothing_that_was_asked_for() {
        let blob = sample();
        for length in 0..blob.len() {
            assert!(KernelTypes::parse(&blob[..length]).is_err(), "cut to {length} bytes");
        }
    }

    #[test]
    fn a_loop_of_types_ends() {
        // struct loop { loop } with an anonymous member of its own type.
        let words = [1, KIND_STRUCT << 24 | 1, 4, 0, 1, 0_u32];
        let types: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let mut blob = MAGIC.to_ne_bytes().to_vec();
        blob.extend_from_slice(&[1, 0]);
        for word in [24, 0, types.len() as u32, types.len() as u32, 6] {
            blob.extend_from_slice(&word.to_ne_bytes());
        }
        blob.extend_from_slice(&types);
        blob.extend_from_slice(b"\0loop\0");
        let types = KernelTypes::parse(&blob).unwrap();
        assert!(types.member_offset("loop", "x").is_err());
    }

    #[test]
    fn changed_types_do_no_harm() {
        crate::fuzz::run("btf", 64, |blob| {
            let Ok(types) = KernelTypes::parse(blob) else { return };
            // None is shorter than its fixed part.
            assert!(types.positions.len() <= blob.len() / 12 + 1);
            for (base, path) in [("outer", "named.d"), ("outer", "b"), ("bits", "high"), ("outer", "no")] {
                if let Ok(offset) = types.member_offset(base, path) {
                    assert!(offset <= u32::MAX / 8);
                }
            }
            let _ = types.enumerator("colour", "green");
            assert!(types.function_parameters("add").is_none_or(|count| count <= 0xffff));
        });
    }

    #[test]
    fn offsets_that_add_up_to_too_much_are_none() {
        let mut blob = sample();
        // The places of `named` in the union, and of `d` in `inner`.
        let words = |blob: &[u8], words: [u32; 3]| {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
            blob.windows(12).position(|part| part == bytes).unwrap()
        };
        let strings = "\0int\0inner\0c\0d\0b\0named\0";
        let name = |text: &str| strings.find(&format!("\0{text}\0")).unwrap() as u32 + 1;
        for at in [words(&blob, [name("named"), 3, 0]), words(&blob, [name("d"), 1, 32])] {
            blob[at + 8..at + 12].copy_from_slice(&0xc000_0000_u32.to_ne_bytes());
        }
        let types = KernelTypes::parse(&blob).unwrap();
        assert!(types.member_offset("outer", "named.d").is_err());
        assert_eq!(types.member_offset("outer", "a"), Ok(0));
    }

    #[test]
    fn the_corpus_is_the_sample() {
        assert_eq!(crate::fuzz::corpus("btf")[0], sample());
    }

    proptest! {
        #[test]
        fn damaged_btf_never_panics(position in 0_usize..400, byte in any::<u8>()) {
            let mut blob = sample();
            let position = position % blob.len();
            blob[position] = byte;
            if let Ok(types) = KernelTypes::parse(&blob) {
                let _ = types.member_offset("outer", "named.d");
                let _ = types.enumerator("colour", "green");
                let _ = types.function_parameters("add");
            }
        }
    }
}
