//! An object's body as a blocking reader, for the synchronous engine.

use std::io::{self, Read};

use aws_sdk_s3::primitives::ByteStream;
use bytes::{Buf, Bytes};
use tokio::sync::mpsc;

/// Chunks waiting to be read; the network runs ahead of the engine by this much at the most.
const CHUNKS_AHEAD: usize = 64;

/// Reads what a task fetches. Dropping it ends the task.
pub(super) struct BlockingBody {
    chunks: mpsc::Receiver<io::Result<Bytes>>,
    current: Bytes,
}

impl BlockingBody {
    pub(super) fn new(mut body: ByteStream) -> Self {
        let (sender, chunks) = mpsc::channel(CHUNKS_AHEAD);
        tokio::spawn(async move {
            while let Some(chunk) = body.next().await {
                if sender.send(chunk.map_err(io::Error::other)).await.is_err() {
                    return;
                }
            }
        });
        Self { chunks, current: Bytes::new() }
    }
}

impl Read for BlockingBody {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.chunks.blocking_recv() {
                Some(chunk) => self.current = chunk?,
                None => return Ok(0),
            }
        }
        let taken = self.current.len().min(into.len());
        self.current.copy_to_slice(&mut into[..taken]);
        Ok(taken)
    }
}
