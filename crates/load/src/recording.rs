//! What of the sound is in a recording? Its marks tell: the agent's must be on the left, the client's on the right.

use std::{collections::HashSet, fs::File, io, path::Path};

use tandem_media::wav::Reader;

use crate::packet::{SAMPLES, marks_in_samples};

/// What recordings hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Packets' sound, each counted once.
    pub packets: u64,
    /// Packets' sound of somebody whose place this is not: a manager's.
    pub wrong: u64,
    /// Milliseconds in all.
    pub length_ms: u64,
}

impl Recorded {
    /// Reads the recording of the call whose streams begin with this one.
    ///
    /// # Errors
    /// There is none.
    pub fn read(file: &Path, first_stream: usize) -> io::Result<Self> {
        let mut reader = Reader::new(io::BufReader::new(File::open(file)?))?;
        let mut found = HashSet::new();
        let mut recorded = Self { length_ms: reader.info().length_ms(), ..Self::default() };
        let mut frame = [0; SAMPLES * 2];
        while reader.read(&mut frame)? == frame.len() {
            for side in 0..2 {
                let mut samples = [0; SAMPLES];
                samples.iter_mut().zip(frame.iter().skip(side).step_by(2)).for_each(|(to, from)| *to = *from);
                for (place, mark) in marks_in_samples(&samples) {
                    if place == side && usize::from(mark.stream) == first_stream + side {
                        found.insert((mark.stream, mark.number));
                    } else {
                        recorded.wrong += 1;
                    }
                }
            }
        }
        recorded.packets = found.len() as u64;
        Ok(recorded)
    }

    /// This and that.
    #[must_use]
    pub const fn and(self, more: Self) -> Self {
        Self {
            packets: self.packets + more.packets,
            wrong: self.wrong + more.wrong,
            length_ms: self.length_ms + more.length_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tandem_media::{g711::decode_mu_law, rtp::HEADER, wav::Writer};

    use super::*;
    use crate::packet::{Mark, write};

    /// 20 ms of both sides.
    fn frame(left: (u16, usize), right: (u16, usize), number: u32) -> Vec<i16> {
        let side = |(stream, place)| write(Mark { stream, number, sent: Duration::ZERO }, place, 0, 0);
        let (left, right) = (side(left), side(right));
        let pairs = left[HEADER..].iter().zip(&right[HEADER..]);
        pairs.flat_map(|(left, right)| [decode_mu_law(*left), decode_mu_law(*right)]).collect()
    }

    #[test]
    fn each_party_is_found_on_its_side_and_a_whisper_anywhere() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recording.wav");
        let mut writer = Writer::new(File::create(&path).unwrap(), 8_000, 2).unwrap();
        for number in [0, 1, 1] {
            writer.write(&frame((6, 0), (7, 1), number)).unwrap();
        }
        writer.write(&frame((8, 2), (7, 1), 2)).unwrap();
        writer.finish().unwrap();
        let expected = Recorded { packets: 5, wrong: 1, length_ms: 80 };
        assert_eq!(Recorded::read(&path, 6).unwrap(), expected);
    }
}
