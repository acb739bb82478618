//! The files that browsers load: inside the program in a release, in `target/site` in a source tree.
//!
//! `cargo xtask site` makes the folder. Its `pkg/` is served under an address that holds the version of its content, so
//! that browsers keep those files for ever; the rest (favicon and the like) is asked for again when it may have changed.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    extract::{Path as PathParameter, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
    routing::get,
};
use tandem_app::{error::AppError, programs::Program, server::Assets};

use super::answer;

/// The files of `target/site-release`, inside the program.
#[cfg(feature = "embed")]
#[derive(rust_embed::RustEmbed)]
#[folder = "../target/site-release"]
struct Embedded;

/// Where the files are.
#[derive(Debug, Clone)]
enum Place {
    Folder(PathBuf),
    #[cfg(feature = "embed")]
    Program,
}

/// The files, and the version of those in `pkg/`.
#[derive(Debug, Clone)]
pub struct Site {
    place: Place,
    version: String,
}

impl Site {
    /// The files in `folder`; without one those inside the program, or those of the source tree it was built in.
    pub fn open(folder: Option<&Path>) -> Self {
        let place = match folder {
            Some(folder) => Place::Folder(folder.to_owned()),
            #[cfg(feature = "embed")]
            None => Place::Program,
            #[cfg(not(feature = "embed"))]
            None => Place::Folder(Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/site")),
        };
        let version = place.read("pkg/version").and_then(|file| String::from_utf8(file.content.into_owned()).ok());
        let version = version.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        if version.is_none() {
            tracing::warn!(?place, "the site is not built: pages have no style (cargo xtask site builds it)");
        }
        Self { place, version: version.unwrap_or_else(|| "none".into()) }
    }

    /// The addresses that pages load from.
    pub fn assets(&self) -> Assets {
        let folder = format!("/pkg/{}", self.version);
        let whole = self.place.read(&format!("pkg/{}.js", Program::WHOLE)).is_some();
        Assets { style: format!("{folder}/tandem.css"), folder, whole }
    }

    /// A route for `pkg/` and one for every file beside it.
    pub fn routes(self) -> Router {
        let files = self.place.files_beside_pkg();
        let site = Arc::new(self);
        let of_pkg = {
            let site = site.clone();
            move |PathParameter((version, name)): PathParameter<(String, String)>, request: Request| async move {
                // Another version's page asks for files that no longer exist; ours would not fit it.
                let path = (version == site.version).then(|| format!("pkg/{name}"));
                site.answer(path.as_deref(), Keep::ForEver, request.headers()).await
            }
        };
        let mut router = Router::new().route("/pkg/{version}/{*name}", get(of_pkg));
        for path in files {
            let site = site.clone();
            let address = format!("/{path}");
            let file =
                move |request: Request| async move { site.answer(Some(&path), Keep::AnHour, request.headers()).await };
            router = router.route(&address, get(file));
        }
        router
    }

    async fn answer(&self, path: Option<&str>, keep: Keep, asked: &HeaderMap) -> Response {
        let found = match path {
            Some(path) => self.find(path, asked).await,
            None => None,
        };
        let Some((file, encoding)) = found else {
            return answer::refusal(asked, StatusCode::NOT_FOUND, &AppError::NotFound("file".into()));
        };
        let known = asked.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok());
        let unchanged =
            known.is_some_and(|known| known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == file.tag));
        let mut response = Response::new(if unchanged { Body::empty() } else { body(file.content) });
        if unchanged {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path.unwrap_or_default())));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep.header()));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(tag) = HeaderValue::from_str(&file.tag) {
            headers.insert(header::ETAG, tag);
        }
        if let Some(encoding) = encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    }

    /// The file, compressed where the client reads that and such a copy exists.
    async fn find(&self, path: &str, asked: &HeaderMap) -> Option<(File, Option<&'static str>)> {
        if !is_below(path) {
            return None;
        }
        for (suffix, encoding) in [(".br", "br"), (".gz", "gzip")] {
            if accepts(asked, encoding)
                && let Some(file) = self.place.load(format!("{path}{suffix}")).await
            {
                return Some((file, Some(encoding)));
            }
        }
        self.place.load(path.to_owned()).await.map(|file| (file, None))
    }
}

/// How long a browser may use a file without asking.
#[derive(Clone, Copy)]
enum Keep {
    ForEver,
    AnHour,
}

impl Keep {
    const fn header(self) -> &'static str {
        match self {
            Self::ForEver => "public, max-age=31536000, immutable",
            Self::AnHour => "public, max-age=3600",
        }
    }
}

struct File {
    content: Cow<'static, [u8]>,
    /// The entity tag, with its quotes.
    tag: String,
}

fn body(content: Cow<'static, [u8]>) -> Body {
    match content {
        Cow::Borrowed(content) => Body::from(content),
        Cow::Owned(content) => Body::from(content),
    }
}

impl Place {
    /// As [`Place::read`], off the threads that answer requests where there is a disk to wait for.
    async fn load(&self, path: String) -> Option<File> {
        match self {
            Self::Folder(_) => {
                let place = self.clone();
                tokio::task::spawn_blocking(move || place.read(&path)).await.ok().flatten()
            }
            #[cfg(feature = "embed")]
            Self::Program => self.read(&path),
        }
    }

    fn read(&self, path: &str) -> Option<File> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(path);
                let facts = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
                let changed = facts.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
                let content = std::fs::read(&path).ok()?;
                Some(File { content: content.into(), tag: format!("\"{:x}-{:x}\"", changed.as_nanos(), facts.len()) })
            }
            #[cfg(feature = "embed")]
            Self::Program => {
                let file = Embedded::get(path)?;
                let hash = file.metadata.sha256_hash();
                let tag = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect::<String>();
                Some(File { content: file.data, tag: format!("\"{tag}\"") })
            }
        }
    }

    /// The files that have an address of their own. Compressed copies have none.
    fn files_beside_pkg(&self) -> BTreeSet<String> {
        let all: Vec<String> = match self {
            Self::Folder(folder) => files_below(folder, folder),
            #[cfg(feature = "embed")]
            Self::Program => Embedded::iter().map(Cow::into_owned).collect(),
        };
        let has_address = |path: &String| !path.starts_with("pkg/") && !path.ends_with(".br") && !path.ends_with(".gz");
        all.into_iter().filter(has_address).collect()
    }
}

/// The files below `folder`, named from `root` on.
fn files_below(root: &Path, folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            files.extend(files_below(root, &path));
        } else if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            files.push(name.to_owned());
        }
    }
    files
}

/// True for a path that stays inside its folder.
fn is_below(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|component| matches!(component, Component::Normal(_)))
}

/// RFC 9110 §12.5.3, as far as browsers use it: a coding is accepted when it is named, unless with a weight of 0.
fn accepts(asked: &HeaderMap, coding: &str) -> bool {
    let values = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        let weight = parameters.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case(coding) && weight != Some(0.0)
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("webmanifest") => "application/manifest+json",
        Some("json") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some(_) | None => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_cannot_leave_the_folder() {
        assert!(is_below("pkg/snippets/a/inline0.js"));
        for path in ["../Cargo.toml", "pkg/../../x", "/etc/passwd", "", "pkg/.."] {
            assert!(!is_below(path), "{path}");
        }
    }

    #[test]
    fn a_coding_is_accepted_when_named_with_a_weight_above_zero() {
        let asked =
            |value: &'static str| HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]);
        assert!(accepts(&asked("gzip, deflate, br"), "br"));
        assert!(accepts(&asked("BR;q=0.5"), "br"));
        assert!(!accepts(&asked("gzip, br;q=0"), "br"));
        assert!(!accepts(&asked("identity"), "gzip"));
        assert!(!accepts(&HeaderMap::new(), "gzip"));
    }
}
