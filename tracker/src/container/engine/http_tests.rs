#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use proptest::prelude::*;

use super::*;

fn body(answer: &str) -> Result<String, EngineError> {
    read_answer(answer.as_bytes()).map(|body| String::from_utf8(body).unwrap())
}

/// Says the same for ever after a beginning.
struct Endless(&'static [u8], &'static [u8]);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            self.0 = self.1;
        }
        self.0.read(buffer)
    }
}

#[test]
fn a_body_ends_by_its_length_by_its_last_chunk_or_with_the_connection() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n[1,2,3]garbage",
        "HTTP/1.1 200 OK\r\ncontent-length:7\r\n\r\n[1,2,3]",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n04;x=y\r\n2,3]\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: Chunked\r\nContent-Length: 99\r\n\r\n7\r\n[1,2,3]\r\n0\r\nX: y\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\n[1,2,3]",
        "HTTP/1.1 200\n\n[1,2,3]",
    ] {
        assert_eq!(body(answer).as_deref(), Ok("[1,2,3]"), "{answer}");
    }
}

#[test]
fn an_answer_that_is_cut_anywhere_is_cut_short() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n[1,2,3]",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n4\r\n2,3]\r\n0\r\n",
    ] {
        assert_eq!(body(answer).as_deref(), Ok("[1,2,3]"));
        for end in 0..answer.len() {
            assert_eq!(body(&answer[..end]), Err(EngineError::CutShort), "{end} bytes of {answer}");
        }
    }
}

#[test]
fn what_is_refused_has_its_status() {
    assert_eq!(body("HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n[]"), Err(EngineError::Status(500)));
    assert_eq!(body("HTTP/1.1 400 Bad Request\r\n\r\nclient version too old"), Err(EngineError::Status(400)));
}

#[test]
fn nonsense_is_no_answer() {
    for answer in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/1.1 two hundred\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n[]",
        "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\n[]",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[]\r\n0\r\n\r\n",
        "\r\n\r\n",
    ] {
        assert_eq!(body(answer), Err(EngineError::NotHttp), "{answer}");
    }
}

#[test]
fn a_length_that_nobody_can_have_is_refused_without_memory_for_it() {
    for length in ["16777217", "18446744073709551615", "99999999999999999999999"] {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n[]");
        assert_eq!(body(&answer), Err(EngineError::TooLarge), "{length}");
    }
    let chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n[]";
    assert_eq!(body(chunk), Err(EngineError::TooLarge));
}

#[test]
fn an_answer_without_end_has_one() {
    for (answer, error) in [
        (Endless(b"HTTP/1.1 200 OK\r\n\r\n", b"[[[[[[[["), EngineError::TooLarge),
        (Endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), EngineError::NotHttp),
        (Endless(b"HTTP/1.1 200 OK", b" OK"), EngineError::NotHttp),
        (
            Endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"8\r\n[[[[[[[[\r\n"),
            EngineError::TooLarge,
        ),
        (Endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"), EngineError::NotHttp),
    ] {
        assert_eq!(read_answer(answer), Err(error));
    }
}

#[test]
fn the_request_names_its_target_once() {
    let mut sent = Vec::new();
    request(&mut sent, "/containers/json?all=1").unwrap();
    let sent = String::from_utf8(sent).unwrap();
    assert!(
        sent.starts_with("GET /containers/json?all=1 HTTP/1.1\r\n") && sent.ends_with("\r\n\r\n"),
        "{sent}"
    );
    assert!(sent.contains("\r\nHost: localhost\r\n"), "HTTP/1.1 asks for it: {sent}");
}

proptest! {
    #[test]
    fn no_answer_ends_the_program(bytes: Vec<u8>) {
        let _ = read_answer(bytes.as_slice());
    }

    #[test]
    fn nothing_like_an_answer_ends_the_program(
        text in "HTTP/1.1 (200|204|x) OK\r\n((Content-Length|Transfer-Encoding|Y): ?(chunked|[0-9]{1,21}|-1|\\PC)\r\n){0,3}\r\n([0-9a-f]{1,17}(;a)?\r?\n|\\[|\\]|\r\n|x){0,12}",
    ) {
        let _ = read_answer(text.as_bytes());
    }

    #[test]
    fn however_it_is_chunked_it_is_the_same(content: Vec<u8>, size in 1_usize..40) {
        let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for chunk in content.chunks(size) {
            answer.extend(format!("{:x}\r\n", chunk.len()).bytes());
            answer.extend(chunk);
            answer.extend(b"\r\n");
        }
        answer.extend(b"0\r\n\r\n");
        prop_assert_eq!(read_answer(answer.as_slice()), Ok(content));
    }
}

/// Gives so many bytes at once.
struct InPieces<'a>(&'a [u8], usize);

impl Read for InPieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

#[test]
fn changed_answers_do_no_harm() {
    crate::fuzz::run("http", 16, |answer| {
        let body = read_answer(answer);
        // It does not matter how it comes.
        assert_eq!(read_answer(InPieces(answer, 3)), body);
        if let Ok(body) = body {
            assert!(body.len() <= answer.len().min(ANSWER_AT_MOST));
        }
    });
}

/// What comes of a body in chunks that is read as it comes.
fn streamed(answer: impl Read) -> Result<Vec<u8>, EngineError> {
    let mut stream = BufReader::new(answer);
    let mut body = Vec::new();
    head(&mut stream)?;
    Chunked::new(stream).read_to_end(&mut body)?;
    Ok(body)
}

#[test]
fn a_body_in_chunks_is_the_same_when_it_is_read_as_it_comes() {
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n4\r\n2,3]\r\n0\r\n\r\n";
    assert_eq!(streamed(answer.as_bytes()).as_deref(), Ok(b"[1,2,3]".as_slice()));
    for end in 0..answer.len() - 4 {
        assert_eq!(streamed(&answer.as_bytes()[..end]), Err(EngineError::CutShort), "{end}");
    }
    crate::fuzz::run("http", 16, |answer| {
        let mut stream = answer;
        if matches!(head(&mut stream), Ok((200, Length::Chunked))) {
            // A stream may be of any size.
            let whole = read_answer(answer);
            if whole != Err(EngineError::TooLarge) {
                assert_eq!(streamed(InPieces(answer, 3)), whole);
            }
        }
    });
}
