//! Phones that each speak with a tone of their own, and what of that is heard where.

use std::time::Duration;

use tandem_domain::{
    access::Tenant,
    settings::{Setting, Value},
};
use tandem_media::g711;
pub use tandem_phones::Soft;
use tandem_phones::{
    Baresip, Recording,
    tones::{self, APART, Parted},
};
use tandem_store::Change;
use tandem_telephony::prompt::{Prompt, Voices};

use crate::world::{Granted as _, SECOND, World, after};

// None of them is in the music on hold, nor a difference of others.
pub const JOHN: u32 = 1850;
pub const MARY: u32 = 2500;
pub const ADAM: u32 = 1400;
pub const OLIVIA: u32 = 3300;

/// How loud phones speak, in dBFS: three of them at once are mixed without clipping, whose products would be heard as
/// somebody else.
pub const LEVEL: f64 = -15.0;
/// How long they can speak in one call.
pub const BREATH: Duration = Duration::from_secs(60);

pub fn phone(world: &World, extension: &str, tone: u32) -> Soft {
    soft(tone, |source| world.phone_with(extension, tone, |account| account.configured(source)))
}

/// A phone that is started with a line of its configuration, by which it speaks softly.
pub fn soft(tone: u32, start: impl FnOnce(&str) -> Baresip) -> Soft {
    Soft::start(tone, LEVEL, BREATH, |source| Ok(start(source))).unwrap()
}

/// Mary has called John, and both talk.
pub fn talk(world: &World) -> (Soft, Soft) {
    let (john, mary) = (phone(world, "744", JOHN), phone(world, "702", MARY));
    world.talk(&mary, "744", &john);
    john.wait_until_hears(MARY.into()).granted();
    mary.wait_until_hears(JOHN.into()).granted();
    (john, mary)
}

/// Nothing leaks into what was heard.
#[track_caller]
pub fn assert_isolated(who: &str, sound: &[Recording], allowed: &[u32], forbidden: &[u32]) {
    let parts: Vec<_> = sound.iter().map(Recording::samples).collect();
    assert_parted(who, &parts, allowed, forbidden);
}

/// Nothing leaks into these samples, each with how many of them are a second.
#[track_caller]
pub fn assert_parted(who: &str, parts: &[(&[i16], u32)], allowed: &[u32], forbidden: &[u32]) {
    let parted = parted(parts, allowed, forbidden);
    let holds = parted.map_or(allowed.is_empty(), |parted| parted.holds());
    assert!(holds, "{who}: {forbidden:?} has to be {APART} dB below {allowed:?}: {parted:?}");
}

/// How far the allowed tones are from the forbidden ones; none if nothing is heard.
pub fn parted(parts: &[(&[i16], u32)], allowed: &[u32], forbidden: &[u32]) -> Option<Parted> {
    let hertz = |tones: &[u32]| tones.iter().copied().map(f64::from).collect::<Vec<_>>();
    tones::parted(parts.iter().copied(), &hertz(allowed), &hertz(forbidden))
}

/// Each of these phones hears these tones and none of the others, in every frame that is whole. What was on its way before is let
/// pass. Who is heard is heard all the time, so what a busy machine tore is looked at again, twice at most.
#[track_caller]
pub fn hear_exactly<const N: usize>(expected: [(&str, &Baresip, &[u32]); N]) {
    for (_, phone, allowed) in expected {
        for hertz in allowed {
            phone.wait_until_hears((*hertz).into()).granted();
        }
    }
    let is_so =
        || heard_now(expected).iter().all(|(_, sound, allowed, forbidden)| is_parted(sound, allowed, forbidden));
    if is_so() || is_so() {
        return;
    }
    for (who, sound, allowed, forbidden) in heard_now(expected) {
        assert_isolated(who, &sound, allowed, &forbidden);
    }
}

/// What a phone heard: who has it, its sound, the tones that may be in it and those that may not.
type Heard<'a> = (&'a str, Vec<Recording>, &'a [u32], Vec<u32>);

/// What each of these phones hears from now on for a while.
fn heard_now<'a, const N: usize>(expected: [(&'a str, &Baresip, &'a [u32]); N]) -> [Heard<'a>; N] {
    let marked = expected.map(|(who, phone, allowed)| (who, phone, allowed, phone.mark()));
    marked.map(|(who, phone, allowed, mark)| {
        let sound = after(SECOND * 3 / 10, phone.wait_for_sound(&mark, SECOND * 6 / 10).granted());
        let forbidden = [JOHN, MARY, ADAM, OLIVIA].into_iter().filter(|hertz| !allowed.contains(hertz)).collect();
        (who, sound, allowed, forbidden)
    })
}

fn is_parted(sound: &[Recording], allowed: &[u32], forbidden: &[u32]) -> bool {
    let parts: Vec<_> = sound.iter().map(Recording::samples).collect();
    parted(&parts, allowed, forbidden).map_or(allowed.is_empty(), |parted| parted.holds())
}

#[track_caller]
pub fn hears_exactly(who: &str, phone: &Baresip, allowed: &[u32]) {
    hear_exactly([(who, phone, allowed)]);
}

/// Whether a prompt was spoken: most of its packets' samples are in the sound, one by one.
pub fn is_spoken(sound: &[Recording], prompt: Prompt) -> bool {
    let clip = Voices::shipped().prompt(prompt);
    let coded: Vec<_> = clip.samples().iter().map(|s| g711::decode_mu_law(g711::encode_mu_law(*s))).collect();
    // Speech alone: silence is in every sound.
    let loud = |packet: &&[i16]| packet.iter().any(|sample| sample.unsigned_abs() > 2_000);
    let packets: Vec<_> = coded.chunks_exact(160).filter(loud).step_by(8).collect();
    let is_heard = |packet: &&&[i16]| sound.iter().any(|part| part.pcm.windows(160).any(|heard| heard == **packet));
    packets.iter().filter(is_heard).count() * 2 > packets.len()
}

pub fn tenant(world: &World) -> Tenant {
    let phone = world.block_on(world.store.exchange().phone("abc744")).unwrap().unwrap();
    phone.line.tenant()
}

pub fn set(world: &World, setting: Setting, value: Value) {
    let change = Change::by_system(tandem_domain::ids::Timestamp(1));
    let tenant = tenant(world);
    let settings = world.store.settings(tenant);
    world.block_on(settings.set(None, setting, Some(value), None, &change)).unwrap();
}

/// How much of a prompt is in the sound at the place where most of it is, beside whatever else is heard: 1 is all of it.
fn share_of(sound: &[Recording], prompt: Prompt) -> f64 {
    let clip = Voices::shipped().prompt(prompt);
    let energy = |part: &[i16]| part.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>();
    let words = clip.samples().chunks_exact(2_400);
    let loudest = words.max_by(|one, other| energy(one).total_cmp(&energy(other))).unwrap();
    let in_it = |heard: &[i16]| {
        heard.iter().zip(loudest).map(|(heard, said)| f64::from(*heard) * f64::from(*said)).sum::<f64>()
    };
    let places = sound.iter().flat_map(|part| part.pcm.windows(loudest.len()));
    places.map(in_it).fold(0.0, f64::max) / energy(loudest)
}

/// Whether a prompt was laid over what is heard.
pub fn is_laid_over(sound: &[Recording], prompt: Prompt) -> bool {
    (0.8..1.2).contains(&share_of(sound, prompt))
}

/// Changes a setting of one account.
pub fn set_of(world: &World, extension: &str, setting: Setting, value: Value) {
    let change = Change::by_system(tandem_domain::ids::Timestamp(1));
    let phone = world.block_on(world.store.exchange().phone(&format!("abc{extension}"))).unwrap().unwrap();
    let settings = world.store.settings(phone.line.tenant());
    world.block_on(settings.set(Some(phone.line.account), setting, Some(value), None, &change)).unwrap();
}
