//! `GET /recordings/{id}.{wav|opus}`: the sound of a recording, whole or a part of it, to play or (`?download`) to keep.
//!
//! Who does not see the recording on its page is told that there is none. That the provider's staff play or keep one is
//! written into the audit log before the first octet is sent; when that fails, none is.

use std::net::IpAddr;

use axum::{
    Extension,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use tandem_domain::{
    access::{Field, Principal},
    ids::RecordingId,
    recordings::{Form, Recording, Sight},
};
use tandem_store::{Change, StoreError};

use super::{
    ClientAddr, Me, Reference, Refusal, Services, ask, format,
    plays::{Play, Plays},
    range::{Wanted, wanted},
    recordings::RecordingsError,
};
use crate::error::AppError;

/// Answers with the sound that the address names.
pub(super) async fn sound(
    State(services): State<Services>,
    Extension(plays): Extension<Plays>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let asked = Asked {
        me: parts.extensions.get::<Me>().and_then(|me| me.0.clone()),
        address: parts.extensions.get::<ClientAddr>().map(|address| address.0),
        reference: Reference::of(&parts.extensions),
        head: parts.method == Method::HEAD,
        download: parts.uri.query().is_some_and(|query| query.split('&').any(|word| word == "download")),
        headers: parts.headers,
    };
    match answer(&services, &plays, &name, asked).await {
        Ok(response) => response,
        Err(error) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = (status, error.to_string()).into_response();
            response.headers_mut().insert(header::CACHE_CONTROL, KEEP_NO_COPY);
            response.extensions_mut().insert(Refusal(error));
            response
        }
    }
}

const KEEP_NO_COPY: HeaderValue = HeaderValue::from_static("private, no-store");

/// What a request says.
struct Asked {
    me: Option<Principal>,
    address: Option<IpAddr>,
    reference: Option<Reference>,
    head: bool,
    download: bool,
    headers: HeaderMap,
}

async fn answer(services: &Services, plays: &Plays, name: &str, asked: Asked) -> Result<Response, AppError> {
    let none = || AppError::NotFound("recording".into());
    let fault = |error: &dyn std::error::Error| ask::fault(error, asked.reference.clone());
    let me = asked.me.as_ref().ok_or(AppError::SignedOut)?;
    let (id, form) = parse(name).ok_or_else(none)?;
    if !me.sees(Field::Recordings) {
        return Err(none());
    }
    let recording = match services.store.recordings().one(me.who, id).await {
        Ok(row) => row.recording,
        Err(StoreError::NotFound) => return Err(none()),
        Err(error) => return Err(fault(&error)),
    };
    let told = |error: RecordingsError| match error {
        RecordingsError::Gone => none(),
        RecordingsError::Unavailable(_) => fault(&error),
    };
    let size = services.recordings.size(&recording, form).await.map_err(told)?;
    // A copy that was begun under another name of the same content could be gone on with; ours never changes under its name.
    let tag = format!("\"{id}-{}\"", form.extension());
    let same = asked.headers.get(header::IF_RANGE).is_none_or(|known| known.as_bytes() == tag.as_bytes());
    let range = asked.headers.get(header::RANGE).and_then(|range| range.to_str().ok()).filter(|_| same);
    let wanted = range.map_or(Wanted::Whole, |range| wanted(range, size));
    let (status, part) = match wanted {
        Wanted::Whole => (StatusCode::OK, 0..size),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Nothing => (StatusCode::RANGE_NOT_SATISFIABLE, 0..0),
    };
    let octets = part.end.saturating_sub(part.start);
    let body = if asked.head || octets == 0 {
        Body::empty()
    } else {
        match recording.sight(me.who) {
            Sight::All => {}
            Sight::Audited => note(services, plays, me, &asked, id).await.map_err(|error| fault(&error))?,
            Sight::Nothing => return Err(none()),
        }
        let pieces = services.recordings.read(&recording, form, part.clone()).await.map_err(told)?;
        Body::from_stream(pieces)
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let text = |text: String| HeaderValue::from_str(&text).map_err(|error| fault(&error));
    headers.insert(header::CACHE_CONTROL, KEEP_NO_COPY);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if status == StatusCode::RANGE_NOT_SATISFIABLE {
        headers.insert(header::CONTENT_RANGE, text(format!("bytes */{size}"))?);
        return Ok(response);
    }
    if status == StatusCode::PARTIAL_CONTENT {
        let last = part.end.saturating_sub(1);
        headers.insert(header::CONTENT_RANGE, text(format!("bytes {}-{last}/{size}", part.start))?);
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(octets));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    headers.insert(header::ETAG, text(tag)?);
    let way = if asked.download { "attachment" } else { "inline" };
    let name = file_name(&recording, form, me);
    headers.insert(header::CONTENT_DISPOSITION, text(format!("{way}; filename=\"{name}\""))?);
    Ok(response)
}

/// Writes into the audit log that the staff play or keep the recording.
async fn note(
    services: &Services,
    plays: &Plays,
    me: &Principal,
    asked: &Asked,
    id: RecordingId,
) -> Result<(), StoreError> {
    let now = services.clock.now();
    let play = if asked.download { Play::Downloaded } else { Play::Played };
    if !plays.is_news(&me.sign_in, id, play, now) {
        return Ok(());
    }
    let change = Change { at: now, actor: &me.sign_in, by_staff: me.own_customer().is_none(), address: asked.address };
    services.store.recordings().note_played(&change, id, play.action()).await?;
    plays.told(&me.sign_in, id, play, now);
    Ok(())
}

/// The recording and the form that a file's name means.
fn parse(name: &str) -> Option<(RecordingId, Form)> {
    let (id, extension) = name.rsplit_once('.')?;
    Some((id.parse().ok()?, Form::from_extension(extension)?))
}

/// The name under which it is kept: the day in the reader's time zone and who called, in characters that every system has.
fn file_name(recording: &Recording, form: Form, me: &Principal) -> String {
    let day = format::today(recording.started, &me.time_zone);
    let caller: String =
        recording.caller.number.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '+').take(32).collect();
    let caller = if caller.is_empty() { "unknown" } else { &caller };
    format!("recording-{day}-{caller}.{}", form.extension())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_recording_in_a_form() {
        const ID: &str = "01890000-0000-7000-8000-000000000001";
        let id: RecordingId = ID.parse().unwrap();
        assert_eq!(parse(&format!("{ID}.wav")), Some((id, Form::Wav)));
        assert_eq!(parse(&format!("{ID}.opus")), Some((id, Form::Opus)));
        for name in ["", ".wav", ID, "x.opus", &format!("{ID}.mp3"), &format!("{ID}.wav.")] {
            assert_eq!(parse(name), None, "{name}");
        }
    }
}
