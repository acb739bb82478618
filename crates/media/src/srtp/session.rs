//! Which index does a packet have, and by which key is it sealed? (RFC 3711 §3.2 and §3.3)

use super::{Encryption, MasterKey, Suite, cipher::Cipher, window::Window};
use crate::rtp::extend;

/// Sources of one party that are remembered; of more, the one that was heard last longest ago is forgotten.
const MOST_SOURCES: usize = 8;
/// As many datagrams of RTCP may be sealed with one key.
const LAST_RTCP: u32 = (1 << 31) - 1;

/// The encryption of one leg.
#[derive(Debug)]
pub(crate) struct Session {
    pub(super) agreed: Encryption,
    pub(super) outgoing: Outgoing,
    pub(super) incoming: Incoming,
    /// What the party sealed by before it changed its key: its packets of then may be on their way until one comes that is
    /// sealed by the new one.
    pub(super) former: Option<Incoming>,
}

/// What we seal.
#[derive(Debug)]
pub(super) struct Outgoing {
    cipher: Cipher,
    /// The packets of our one source that were sealed.
    pub sealed: Window,
    rtcp: u32,
}

/// What the party seals.
#[derive(Debug)]
pub(super) struct Incoming {
    cipher: Cipher,
    mki: usize,
    /// Sources of which something authentic came, the last heard first.
    pub sources: Vec<Source>,
    /// How far sources were before this key: an end that keeps its rollover counter goes on from there (RFC 3711 §3.3.1), one
    /// that does not begins with 0.
    before: Vec<(u32, u64)>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    name: u32,
    rtp: Window,
    rtcp: Window,
}

impl Session {
    /// Begin.
    pub fn new(agreed: &Encryption) -> Self {
        Self {
            outgoing: Outgoing::new(agreed.suite, &agreed.ours),
            incoming: Incoming::new(agreed, Vec::new()),
            former: None,
            agreed: agreed.clone(),
        }
    }

    /// What was agreed last: what is as it was goes on as it was.
    pub fn agree(&mut self, agreed: &Encryption) {
        let before = std::mem::replace(&mut self.agreed, agreed.clone());
        if (before.suite, &before.ours) != (agreed.suite, &agreed.ours) {
            self.outgoing = Outgoing::new(agreed.suite, &agreed.ours);
        }
        if (before.suite, &before.theirs, before.mki) != (agreed.suite, &agreed.theirs, agreed.mki) {
            let incoming = Incoming::new(agreed, self.incoming.reached());
            self.former = Some(std::mem::replace(&mut self.incoming, incoming));
        }
    }

    /// Seal the first `length` octets of `packet`. Gives how many octets it has now; `None`: it is not to be sent, since it is no
    /// packet, or one of this number was sealed before: two that are not alike would tell of each other (RFC 3711 §9.1).
    pub fn seal_rtp(&mut self, packet: &mut [u8], length: usize) -> Option<usize> {
        let Outgoing { cipher, sealed, .. } = &mut self.outgoing;
        let index = extend(sealed.highest(), sequence_of(packet)?);
        let length =
            Some(index).filter(|index| sealed.is_new(*index)).and_then(|i| cipher.seal_rtp(i, packet, length))?;
        sealed.mark(index);
        Some(length)
    }

    /// Seal the first `length` octets of `packets`, one datagram of RTCP.
    pub fn seal_rtcp(&mut self, packets: &mut [u8], length: usize) -> Option<usize> {
        let index = Some(self.outgoing.rtcp).filter(|index| *index <= LAST_RTCP)?;
        let length = self.outgoing.cipher.seal_rtcp(index, packets, length)?;
        self.outgoing.rtcp += 1;
        Some(length)
    }

    /// Open an RTP packet. Gives how many octets of it are left; `None`: it is not authentic, or has been here already.
    pub fn open_rtp(&mut self, packet: &mut [u8]) -> Option<usize> {
        let opened = self.incoming.open_rtp(packet);
        if opened.is_some() {
            self.former = None;
        }
        opened.or_else(|| self.former.as_mut()?.open_rtp(packet))
    }

    /// Open a datagram of RTCP.
    pub fn open_rtcp(&mut self, packets: &mut [u8]) -> Option<usize> {
        let opened = self.incoming.open_rtcp(packets);
        opened.or_else(|| self.former.as_mut()?.open_rtcp(packets))
    }
}

impl Outgoing {
    fn new(suite: Suite, key: &MasterKey) -> Self {
        Self { cipher: Cipher::new(suite, key), sealed: Window::default(), rtcp: 0 }
    }
}

impl Incoming {
    fn new(agreed: &Encryption, before: Vec<(u32, u64)>) -> Self {
        let Encryption { suite, theirs, mki, ours: _ } = agreed;
        Self { cipher: Cipher::new(*suite, theirs), mki: (*mki).into(), sources: Vec::new(), before }
    }

    /// How far each source is.
    fn reached(&self) -> Vec<(u32, u64)> {
        let own = self.sources.iter().filter_map(|source| Some((source.name, source.rtp.highest()?)));
        let before = self.before.iter().copied().filter(|(name, _)| self.place(*name).is_none());
        own.chain(before).take(MOST_SOURCES).collect()
    }

    fn place(&self, name: u32) -> Option<usize> {
        self.sources.iter().position(|source| source.name == name)
    }

    /// The source that authentic packets came of.
    fn heard(&mut self, name: u32) -> &mut Source {
        let place = self.place(name).unwrap_or_else(|| {
            self.sources.truncate(MOST_SOURCES - 1);
            self.sources.push(Source { name, rtp: Window::default(), rtcp: Window::default() });
            self.sources.len() - 1
        });
        self.sources[..=place].rotate_right(1);
        &mut self.sources[0]
    }

    fn open_rtp(&mut self, packet: &mut [u8]) -> Option<usize> {
        let sequence = sequence_of(packet)?;
        let name = u32::from_be_bytes(packet.get(8..12)?.try_into().ok()?);
        let known = self.place(name).map(|place| self.sources[place].rtp).filter(|window| window.highest().is_some());
        let (index, length) = if let Some(window) = known {
            let index = extend(window.highest(), sequence);
            if !window.is_new(index) {
                return None;
            }
            (index, self.cipher.open_rtp(index, self.mki, packet)?)
        } else {
            self.open_first(name, sequence, packet)?
        };
        self.heard(name).rtp.mark(index);
        Some(length)
    }

    /// Open the first packet of a source. Its rollover counter is 0; if the very first packets were lost at a wrap it is 1, and
    /// if the key was changed under way it may be what it was.
    fn open_first(&mut self, name: u32, sequence: u16, packet: &mut [u8]) -> Option<(u64, usize)> {
        let first = extend(None, sequence);
        let wrapped = Some(first + (1 << 16)).filter(|_| sequence < 1 << 15);
        let before =
            self.before.iter().find(|(source, _)| *source == name).map(|(_, last)| extend(Some(*last), sequence));
        let mut tried = [Some(first), wrapped, before.filter(|index| Some(*index) != wrapped && *index != first)]
            .into_iter()
            .flatten();
        tried.find_map(|index| Some((index, self.cipher.open_rtp(index, self.mki, packet)?)))
    }

    fn open_rtcp(&mut self, packets: &mut [u8]) -> Option<usize> {
        let name = u32::from_be_bytes(packets.get(4..8)?.try_into().ok()?);
        let window = self.place(name).map(|place| self.sources[place].rtcp).unwrap_or_default();
        let (index, length) = self.cipher.open_rtcp(self.mki, packets, |index| window.is_new(index.into()))?;
        self.heard(name).rtcp.mark(index.into());
        Some(length)
    }
}

fn sequence_of(packet: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(packet.get(2..4)?.try_into().ok()?))
}
