//! Files and blocks a client has uploaded.
//!
//!     batch: whole artifacts                     ┐
//!     begin_chunk + chunk, chunk, …: larger ones ┴─► [ Upload ] ─► summaries; what is sound goes to the session
//!
//! Blocks of local data (`cache/<sha256>`) are read while decoding plans. Other artifacts are kept by name; equal content
//! may be sent again, other content under a taken name is refused. A bad checksum is reported, not raised.

use std::collections::BTreeMap;

use bytes::Bytes;
use emberflow_base::{Error, Result};
use parking_lot::Mutex;

use crate::proto::add_artifacts_request::{ArtifactChunk, BeginChunkedArtifact, Payload};
use crate::proto::add_artifacts_response::ArtifactSummary;

const BLOCKS: &str = "cache/";
const FORWARDED: &str = "forward_to_fs/";

/// The artifacts of a session.
#[derive(Default)]
pub(crate) struct Artifacts {
    by_name: Mutex<BTreeMap<String, Bytes>>,
}

impl Artifacts {
    pub(crate) fn block(&self, hash: &str) -> Option<Bytes> {
        self.by_name.lock().get(&format!("{BLOCKS}{hash}")).cloned()
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.by_name.lock().contains_key(name)
    }

    pub(crate) fn copy(&self) -> Self {
        Self { by_name: Mutex::new(self.by_name.lock().clone()) }
    }

    fn store(&self, name: &str, content: Bytes) -> Result<()> {
        let mut by_name = self.by_name.lock();
        match by_name.get(name) {
            Some(known) if *known != content && !name.starts_with(BLOCKS) => {
                Err(Error::new("ARTIFACT_ALREADY_EXISTS").with("normalizedRemoteRelativePath", name))
            }
            _ => {
                by_name.insert(name.to_owned(), content);
                Ok(())
            }
        }
    }
}

/// One upload under way.
#[derive(Default)]
pub(crate) struct Upload {
    finished: Vec<Artifact>,
    open: Option<Chunked>,
}

struct Artifact {
    name: String,
    content: Bytes,
    is_sound: bool,
}

struct Chunked {
    name: String,
    total_bytes: i64,
    chunks_missing: i64,
    content: Vec<u8>,
    is_sound: bool,
}

impl Upload {
    /// Takes one request's payload.
    pub(crate) fn push(&mut self, payload: Payload) -> Result<()> {
        match payload {
            Payload::Batch(batch) => {
                self.check_closed()?;
                for artifact in batch.artifacts {
                    check_name(&artifact.name)?;
                    let chunk = artifact.data.unwrap_or_default();
                    let is_sound = is_sound(&chunk);
                    self.finished.push(Artifact { name: artifact.name, content: chunk.data, is_sound });
                }
                Ok(())
            }
            Payload::BeginChunk(begin) => self.begin(begin),
            Payload::Chunk(chunk) => self.chunk(chunk),
        }
    }

    fn begin(&mut self, begin: BeginChunkedArtifact) -> Result<()> {
        self.check_closed()?;
        check_name(&begin.name)?;
        if begin.num_chunks < 1 || begin.total_bytes < 0 {
            return Err(malformed("a chunked artifact has at least one chunk"));
        }
        self.open = Some(Chunked {
            name: begin.name,
            total_bytes: begin.total_bytes,
            chunks_missing: begin.num_chunks,
            content: Vec::new(),
            is_sound: true,
        });
        self.chunk(begin.initial_chunk.unwrap_or_default())
    }

    fn chunk(&mut self, chunk: ArtifactChunk) -> Result<()> {
        let Some(open) = &mut self.open else {
            return Err(malformed("a chunk came without the beginning of its artifact"));
        };
        open.is_sound &= is_sound(&chunk);
        open.content.extend_from_slice(&chunk.data);
        open.chunks_missing -= 1;
        if open.content.len() as i64 > open.total_bytes {
            return Err(malformed("the chunks of an artifact are longer than announced"));
        }
        if open.chunks_missing == 0
            && let Some(whole) = self.open.take()
        {
            if (whole.content.len() as i64) < whole.total_bytes {
                return Err(malformed("the chunks of an artifact are shorter than announced"));
            }
            self.finished.push(Artifact { name: whole.name, content: whole.content.into(), is_sound: whole.is_sound });
        }
        Ok(())
    }

    fn check_closed(&self) -> Result<()> {
        match &self.open {
            None => Ok(()),
            Some(open) => Err(malformed(&format!("chunks of {} are missing", open.name))),
        }
    }

    /// Stores what is sound; one summary per artifact.
    pub(crate) fn finish(self, artifacts: &Artifacts) -> Result<Vec<ArtifactSummary>> {
        self.check_closed()?;
        let mut summaries = Vec::with_capacity(self.finished.len());
        for Artifact { name, content, is_sound } in self.finished {
            if is_sound {
                artifacts.store(&name, content)?;
            }
            summaries.push(ArtifactSummary { name, is_crc_successful: is_sound });
        }
        Ok(summaries)
    }
}

fn is_sound(chunk: &ArtifactChunk) -> bool {
    let mut crc = flate2::Crc::new();
    crc.update(&chunk.data);
    i64::from(crc.sum()) == chunk.crc
}

/// Names are relative paths that stay inside the session's own place.
fn check_name(name: &str) -> Result<()> {
    if name.starts_with(FORWARDED) {
        return Err(Error::unsupported("uploads to an absolute path of the server"));
    }
    let leaves = |part: &str| part.is_empty() || part == ".." || part == ".";
    if name.contains('\\') || name.contains('\0') || name.split('/').any(leaves) {
        return Err(Error::new("INVALID_ARTIFACT_PATH").with("name", name));
    }
    Ok(())
}

fn malformed(why: &str) -> Error {
    Error::new("CONNECT_INVALID_PLAN.ASSERTION_FAILURE").with("message", why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::add_artifacts_request::{Batch, SingleChunkArtifact};

    fn chunk(text: &str) -> ArtifactChunk {
        let mut crc = flate2::Crc::new();
        crc.update(text.as_bytes());
        ArtifactChunk { data: Bytes::copy_from_slice(text.as_bytes()), crc: i64::from(crc.sum()) }
    }

    fn single(name: &str, text: &str) -> Payload {
        let one = SingleChunkArtifact { name: name.into(), data: Some(chunk(text)) };
        Payload::Batch(Batch { artifacts: vec![one] })
    }

    fn begin(name: &str, total_bytes: i64, num_chunks: i64, first: ArtifactChunk) -> Payload {
        Payload::BeginChunk(BeginChunkedArtifact { name: name.into(), total_bytes, num_chunks, initial_chunk: Some(first) })
    }

    fn upload(artifacts: &Artifacts, payloads: Vec<Payload>) -> Result<Vec<(String, bool)>> {
        let mut upload = Upload::default();
        payloads.into_iter().try_for_each(|payload| upload.push(payload))?;
        let summaries = upload.finish(artifacts)?;
        Ok(summaries.into_iter().map(|summary| (summary.name, summary.is_crc_successful)).collect())
    }

    #[test]
    fn chunks_become_one_block() {
        let artifacts = Artifacts::default();
        let payloads = vec![begin("cache/ab", 6, 2, chunk("abc")), Payload::Chunk(chunk("def")), single("files/x", "y")];
        let summaries = upload(&artifacts, payloads).unwrap();
        assert_eq!(summaries, [("cache/ab".to_owned(), true), ("files/x".to_owned(), true)]);
        assert_eq!(artifacts.block("ab").unwrap(), "abcdef");
    }

    #[test]
    fn a_bad_checksum_is_reported_and_not_stored() {
        let artifacts = Artifacts::default();
        let broken = ArtifactChunk { crc: 1, ..chunk("def") };
        let payloads = vec![begin("cache/ab", 6, 2, chunk("abc")), Payload::Chunk(broken)];
        assert_eq!(upload(&artifacts, payloads).unwrap(), [("cache/ab".to_owned(), false)]);
        assert!(!artifacts.exists("cache/ab"));
    }

    #[test]
    fn a_taken_name_keeps_its_content() {
        let artifacts = Artifacts::default();
        upload(&artifacts, vec![single("jars/a.jar", "1")]).unwrap();
        upload(&artifacts, vec![single("jars/a.jar", "1")]).unwrap();
        let why = upload(&artifacts, vec![single("jars/a.jar", "2")]).unwrap_err();
        assert_eq!(why.condition(), "ARTIFACT_ALREADY_EXISTS");
    }

    #[test]
    fn names_cannot_leave_the_session() {
        for bad in ["/etc/passwd", "files/../../x", "", "files//x", "..", "files/.", "a\\..\\b"] {
            let why = upload(&Artifacts::default(), vec![single(bad, "x")]).unwrap_err();
            assert_eq!(why.condition(), "INVALID_ARTIFACT_PATH", "{bad}");
        }
    }

    #[test]
    fn half_an_artifact_is_refused() {
        let artifacts = Artifacts::default();
        assert!(upload(&artifacts, vec![begin("files/x", 6, 2, chunk("abc"))]).is_err());
        assert!(upload(&artifacts, vec![Payload::Chunk(chunk("abc"))]).is_err());
        assert!(upload(&artifacts, vec![begin("files/x", 2, 1, chunk("abc"))]).is_err());
        assert!(upload(&artifacts, vec![begin("files/x", 5, 1, chunk("abc"))]).is_err());
    }
}
