//! The way to the feed: requests within bounds, and a stream event by event.

use std::{collections::VecDeque, time::Duration};

use hallpass_token::feed::{Event, SseReader};
use http::HeaderMap;
use reqwest::{Client, RequestBuilder, Response, redirect};
use tokio::time::timeout;

/// For the head of any answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// For all of it.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// The largest body that is read: a snapshot of a million entries is smaller.
const BODY_AT_MOST: usize = 128 * 1024 * 1024;

/// Makes requests.
#[derive(Debug)]
pub(crate) struct Http(Client);

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header, if it is there once and can be read.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

impl Http {
    pub(crate) fn new() -> Result<Self, String> {
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().build();
        client.map(Self).map_err(|why| why.to_string())
    }

    pub(crate) fn get(&self, url: &str) -> RequestBuilder {
        self.0.get(url)
    }

    /// Sends a request, and reads the answer to its end, which must come.
    pub(crate) async fn answer(&self, request: RequestBuilder) -> Result<Answer, String> {
        let answer = timeout(ENDS_WITHIN, Self::whole(request)).await;
        answer.map_err(|_| format!("the answer has no end within {} s", ENDS_WITHIN.as_secs()))?
    }

    async fn whole(request: RequestBuilder) -> Result<Answer, String> {
        let mut response = head(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = chunk(&mut response, ANSWERS_WITHIN).await? {
            body.extend_from_slice(&chunk);
            if body.len() > BODY_AT_MOST {
                return Err("the body is larger than 128 MiB".to_owned());
            }
        }
        Ok(Answer { status, headers, body })
    }

    /// Joins a stream.
    pub(crate) async fn join(&self, request: RequestBuilder) -> Result<Stream, String> {
        let response = head(request).await?;
        if response.status() != 200 {
            return Err(format!("the stream answers {}", response.status()));
        }
        let kind = header(response.headers(), "content-type").unwrap_or_default();
        if kind.split(';').next().map(str::trim) != Some("text/event-stream") {
            return Err(format!("the stream's Content-Type is {kind:?}"));
        }
        Ok(Stream { response, reader: SseReader::new(), events: VecDeque::new() })
    }
}

async fn head(request: RequestBuilder) -> Result<Response, String> {
    let response = timeout(ANSWERS_WITHIN, request.send()).await;
    let response = response.map_err(|_| "no answer within 10 seconds".to_owned())?;
    response.map_err(|why| format!("no answer: {why}"))
}

async fn chunk(response: &mut Response, within: Duration) -> Result<Option<Vec<u8>>, String> {
    let chunk = timeout(within, response.chunk()).await;
    let chunk = chunk.map_err(|_| format!("nothing came for {} s", within.as_secs_f64()))?;
    Ok(chunk.map_err(|why| format!("the answer broke off: {why}"))?.map(|chunk| chunk.to_vec()))
}

/// A stream that was joined.
pub(crate) struct Stream {
    response: Response,
    reader: SseReader,
    events: VecDeque<Event>,
}

impl Stream {
    /// The next event, which must come within this time and be understood.
    pub(crate) async fn next(&mut self, within: Duration) -> Result<Event, String> {
        let next = async {
            loop {
                if let Some(event) = self.events.pop_front() {
                    return Ok(event);
                }
                let Some(bytes) = chunk(&mut self.response, within).await? else {
                    return Err("the stream ended".to_owned());
                };
                for event in self.reader.push(&bytes) {
                    self.events.push_back(event.map_err(|why| why.to_string())?);
                }
            }
        };
        // Comments alone must not keep it waiting for ever.
        let event = timeout(within, next).await;
        event.map_err(|_| format!("no event for {} s", within.as_secs_f64()))?
    }
}
