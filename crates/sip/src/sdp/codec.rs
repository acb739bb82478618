//! Which codec does a payload type mean? (RFC 3551 §6, RFC 8866 §6.6)

use super::{Attribute, Media};

/// A payload type and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Codec {
    /// 0 to 127.
    pub payload_type: u8,
    /// The encoding's name, as it was written; compare without case.
    pub name: String,
    /// Ticks of the RTP timestamp in a second: 8000 for G.722 too (RFC 3551 §4.5.2).
    pub clock_rate: u32,
    /// 1 or 2, in audio.
    pub channels: u8,
    /// Parameters of the format.
    pub fmtp: Option<String>,
}

/// The payload types that mean something without being told: audio of RFC 3551 §6, table 4.
const STATIC: [(u8, &str, u32, u8); 15] = [
    (0, "PCMU", 8000, 1),
    (3, "GSM", 8000, 1),
    (4, "G723", 8000, 1),
    (5, "DVI4", 8000, 1),
    (6, "DVI4", 16000, 1),
    (7, "LPC", 8000, 1),
    (8, "PCMA", 8000, 1),
    (9, "G722", 8000, 1),
    (10, "L16", 44100, 2),
    (11, "L16", 44100, 1),
    (12, "QCELP", 8000, 1),
    (13, "CN", 8000, 1),
    (15, "G728", 8000, 1),
    (16, "DVI4", 11025, 1),
    (18, "G729", 8000, 1),
];

impl Codec {
    /// A codec without parameters.
    #[must_use]
    pub fn new(payload_type: u8, name: &str, clock_rate: u32) -> Self {
        Self { payload_type, name: name.to_owned(), clock_rate, channels: 1, fmtp: None }
    }

    /// With these parameters of the format.
    #[must_use]
    pub fn with_fmtp(mut self, fmtp: &str) -> Self {
        self.fmtp = Some(fmtp.to_owned());
        self
    }

    /// Whether both are the same encoding, at the same clock rate and with as many channels, by whatever payload type.
    #[must_use]
    pub fn is_same_encoding(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
            && self.clock_rate == other.clock_rate
            && self.channels == other.channels
    }

    /// Whether it is of this name, at this clock rate.
    #[must_use]
    pub fn is(&self, name: &str, clock_rate: u32) -> bool {
        self.name.eq_ignore_ascii_case(name) && self.clock_rate == clock_rate
    }

    /// What follows `a=rtpmap:`.
    fn rtpmap(&self) -> String {
        let Self { payload_type, name, clock_rate, channels, fmtp: _ } = self;
        match channels {
            0 | 1 => format!("{payload_type} {name}/{clock_rate}"),
            many => format!("{payload_type} {name}/{clock_rate}/{many}"),
        }
    }
}

/// What follows `a=rtpmap:`: payload type, name, clock rate, channels.
fn read_rtpmap(value: &str) -> Option<(u8, &str, u32, u8)> {
    let (payload_type, encoding) = value.trim().split_once([' ', '\t'])?;
    let mut parts = encoding.trim().split('/');
    let (name, clock_rate) = (parts.next().filter(|name| !name.is_empty())?, parts.next()?.parse().ok()?);
    let channels = parts.next().map_or(Some(1), |channels| channels.parse().ok())?;
    let payload_type = payload_type.parse().ok().filter(|number| *number < 128)?;
    (clock_rate > 0 && channels > 0).then_some((payload_type, name, clock_rate, channels))
}

/// The rest of a value that begins with this payload type.
fn of_payload_type(value: &str, payload_type: u8) -> Option<&str> {
    let (number, rest) = value.trim().split_once([' ', '\t'])?;
    (number.parse() == Ok(payload_type)).then_some(rest.trim())
}

impl Media {
    /// What its formats mean, the preferred first. Formats that are no payload types, or mean nothing, are left out, and so
    /// are those that are there twice.
    #[must_use]
    pub fn codecs(&self) -> Vec<Codec> {
        let mut codecs: Vec<Codec> = Vec::with_capacity(self.formats.len());
        for payload_type in self.formats.iter().filter_map(|format| format.parse::<u8>().ok()) {
            let told =
                self.attributes_of("rtpmap").filter_map(read_rtpmap).find(|(number, ..)| *number == payload_type);
            let meaning = told.or_else(|| STATIC.into_iter().find(|(number, ..)| *number == payload_type));
            let Some((_, name, clock_rate, channels)) = meaning else { continue };
            if codecs.iter().any(|codec| codec.payload_type == payload_type) {
                continue;
            }
            let fmtp = self.attributes_of("fmtp").find_map(|value| of_payload_type(value, payload_type));
            let (name, fmtp) = (name.to_owned(), fmtp.map(str::to_owned));
            codecs.push(Codec { payload_type, name, clock_rate, channels, fmtp });
        }
        codecs
    }

    /// Adds a codec: its format, `rtpmap` and `fmtp`.
    pub fn push_codec(&mut self, codec: &Codec) {
        self.formats.push(codec.payload_type.to_string());
        self.attributes.push(Attribute::new("rtpmap", codec.rtpmap()));
        if let Some(fmtp) = &codec.fmtp {
            self.attributes.push(Attribute::new("fmtp", format!("{} {fmtp}", codec.payload_type)));
        }
    }
}
