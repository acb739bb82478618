//! Where finished recordings are kept: a local folder, or S3, by URL; and what each object is called.

use std::{path::Path, sync::Arc};

use object_store::{
    ObjectStore,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    local::LocalFileSystem,
    path::Path as ObjectPath,
    prefix::PrefixStore,
};
use tandem_domain::recordings::{Form, Recording};
use url::Url;

/// The ending of the object that holds the waveform.
const PEAKS: &str = "peaks";

/// Why there is no object store.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// The text is not a URL that Tandem knows.
    #[error(
        "“{0}” is not a place for recordings; use file:///FOLDER, s3://BUCKET or s3://BUCKET/PREFIX, or leave it empty for \
         the data folder"
    )]
    Url(String),
    /// A folder cannot be made or used.
    #[error("the folder {folder} for recordings cannot be used: {error}")]
    Folder {
        /// The folder.
        folder: String,
        /// Why.
        error: std::io::Error,
    },
    /// The object store refuses its configuration: a key or a region that is missing.
    #[error("the object store {url} cannot be used: {error}")]
    Refused {
        /// Its URL.
        url: String,
        /// Why.
        error: object_store::Error,
    },
}

/// The object store that `url` names: `""` for the folder `data` (the recordings are in its folder `recordings`), `file:///…`
/// for another, `s3://BUCKET[/PREFIX]`.
///
/// `environment` gives S3 its keys, region and endpoint, under the names that Amazon's own tools read: `AWS_ACCESS_KEY_ID`,
/// `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT` (for S3 that is not Amazon's), `AWS_ALLOW_HTTP`, …; all else in it is
/// left alone, so that a server hands over its whole environment.
///
/// # Errors
/// [`ObjectsError`]. Whether S3 can be reached is not asked here: it may come later than this server.
pub fn by_url(
    url: &str,
    data: &Path,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Arc<dyn ObjectStore>, ObjectsError> {
    let url = url.trim();
    if url.is_empty() {
        return folder(data);
    }
    let unknown = || ObjectsError::Url(without_password(url));
    let parsed = Url::parse(url).map_err(|_| unknown())?;
    match parsed.scheme() {
        // The parser would make a folder beside the root of "file:folder".
        "file" if url.starts_with("file:///") => folder(&parsed.to_file_path().map_err(|()| unknown())?),
        "s3" if parsed.host_str().is_some() && parsed.username().is_empty() => s3(&parsed, environment),
        _ => Err(unknown()),
    }
}

/// A URL as it may be shown: no user, no password, not too long.
fn without_password(url: &str) -> String {
    let shown = match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => format!("{}…{}", &url[..scheme + 3], &url[at..]),
        _ => url.to_owned(),
    };
    shown.chars().take(200).collect()
}

fn folder(folder: &Path) -> Result<Arc<dyn ObjectStore>, ObjectsError> {
    let shown = || folder.display().to_string();
    std::fs::create_dir_all(folder).map_err(|error| ObjectsError::Folder { folder: shown(), error })?;
    let objects = LocalFileSystem::new_with_prefix(folder)
        .map_err(|error| ObjectsError::Refused { url: shown(), error })?
        // What is in the spool goes away when it is here, so it must be here also after a power failure.
        .with_fsync(true)
        .with_automatic_cleanup(true);
    Ok(Arc::new(objects))
}

fn s3(
    url: &Url,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Arc<dyn ObjectStore>, ObjectsError> {
    // The HTTP client takes the process's TLS provider; without one it would panic. The program installs ring first thing; a
    // test may not have.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Lost only against another thread that installed one at this moment, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let mut builder = AmazonS3Builder::new().with_bucket_name(url.host_str().unwrap_or_default());
    for (name, value) in environment {
        if let Some(key) = name.starts_with("AWS_").then(|| name.to_ascii_lowercase())
            && let Ok(key) = key.parse::<AmazonS3ConfigKey>()
        {
            builder = builder.with_config(key, value);
        }
    }
    let refused = |error| ObjectsError::Refused { url: url.to_string(), error };
    let objects = builder.build().map_err(refused)?;
    let prefix = url.path().trim_matches('/');
    if prefix.is_empty() {
        return Ok(Arc::new(objects));
    }
    let prefix = ObjectPath::from_url_path(prefix).map_err(|error| refused(error.into()))?;
    Ok(Arc::new(PrefixStore::new(objects, prefix)))
}

/// The object that holds a recording's sound in one form.
#[must_use]
pub fn sound(recording: &Recording, form: Form) -> ObjectPath {
    ObjectPath::from(format!("{}.{}", recording.object(), form.extension()))
}

/// The object that holds its waveform.
#[must_use]
pub fn peaks(recording: &Recording) -> ObjectPath {
    ObjectPath::from(format!("{}.{PEAKS}", recording.object()))
}

/// All objects of the recording of this name (see [`Recording::object`]).
#[must_use]
pub fn all(name: &str) -> [ObjectPath; 3] {
    [Form::Wav.extension(), Form::Opus.extension(), PEAKS].map(|ending| ObjectPath::from(format!("{name}.{ending}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(url: &str, environment: &[(&str, &str)]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        by_url(url, folder.path(), environment).map(|objects| objects.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_place_for_recordings_is_a_folder_or_s3() {
        assert!(text("", &[]).unwrap().starts_with("LocalFileSystem"));
        let folder = tempfile::tempdir().unwrap();
        let url = format!("file://{}", folder.path().join("not/there yet").display());
        assert!(text(&url, &[]).unwrap().starts_with("LocalFileSystem"));
        assert!(folder.path().join("not/there yet").is_dir());
        let keys =
            [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"), ("AWS_REGION", "eu-west-1"), ("HOME", "/")];
        assert_eq!(text("s3://sound", &keys).unwrap(), "AmazonS3(sound)");
        assert_eq!(text("s3://sound/of/calls", &keys).unwrap(), "PrefixObjectStore(of/calls)");
    }

    #[test]
    fn a_place_that_is_none_is_refused_in_words() {
        for url in ["nonsense", "ftp://host/", "s3:///prefix", "s3://user:pass@bucket", "file:relative"] {
            let error = text(url, &[]).unwrap_err();
            assert!(error.contains("is not a place for recordings") && !error.contains("pass@"), "{error}");
        }
        let error = text("file:///proc/nothing/here", &[]).unwrap_err();
        assert!(error.contains("/proc/nothing/here") && error.contains("cannot be used"), "{error}");
    }
}
