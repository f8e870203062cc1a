//! What is taken for an answer.

use outbound_provisioning::transport::{HttpClient, HttpErrorKind, ReqwestClient};

use super::wire::Wire;
use super::{OK, client, fails, get, impatient, policy, post, send};

#[tokio::test]
async fn any_status_is_an_answer() {
    for status in [200, 204, 304, 400, 407, 418, 500, 599, 600, 999] {
        let wire = Wire::says(&format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n")).await;
        assert_eq!(send(&client(), post(&wire.url("/"))).await.status(), status);
    }
}

#[tokio::test]
async fn provisional_answers_are_passed_over() {
    let wire = Wire::says(&format!(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n{OK}"
    ))
    .await;
    let answer = send(&client(), post(&wire.url("/"))).await;
    assert_eq!((answer.status().as_u16(), answer.body().as_slice()), (200, b"{}".as_slice()));
}

#[tokio::test]
async fn f88_an_answer_that_is_compressed_unasked_is_an_error() {
    for line in [
        "content-encoding: gzip",
        "Content-Encoding: GZIP",
        "content-encoding: deflate",
        "content-encoding: br",
        "content-encoding: zstd",
        "content-encoding: x-unknown",
        "content-encoding: identity, gzip",
        "content-encoding: gzip, gzip, gzip",
        "content-encoding: identity\r\ncontent-encoding: br",
        "content-encoding: \u{fe}",
        "transfer-encoding: gzip, chunked",
    ] {
        let chunked = line.starts_with("transfer");
        let rest = if chunked {
            "\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        } else {
            "\r\ncontent-length: 2\r\n\r\n{}"
        };
        for status in [200, 401] {
            let wire = Wire::says(&format!("HTTP/1.1 {status} X\r\n{line}{rest}")).await;
            fails(client().send(get(&wire.url("/"))).await, HttpErrorKind::Encoded);
        }
    }
}

#[tokio::test]
async fn f88_what_is_as_it_was_asked_for_is_read() {
    for line in
        ["content-encoding: identity", "content-encoding: Identity, identity", "content-encoding:"]
    {
        let wire =
            Wire::says(&format!("HTTP/1.1 200 OK\r\n{line}\r\ncontent-length: 2\r\n\r\n{{}}"))
                .await;
        assert_eq!(send(&client(), get(&wire.url("/"))).await.body(), b"{}", "{line}");
    }
}

#[tokio::test]
async fn f88_the_encoding_of_nothing_is_no_matter() {
    let wire = Wire::says("HTTP/1.1 204 No Content\r\ncontent-encoding: gzip\r\n\r\n").await;
    assert_eq!(send(&client(), post(&wire.url("/"))).await.status(), 204);
}

#[tokio::test]
async fn f87_a_body_up_to_the_cap_is_read_and_no_byte_more() {
    let mut policy = policy();
    policy.max_response_bytes = 1000;
    let client = ReqwestClient::new(policy).unwrap();
    for (length, too_large) in [(1000, false), (1001, true), (100_000, true)] {
        let body = "x".repeat(length);
        let chunks: String = body
            .as_bytes()
            .chunks(7)
            .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), "x".repeat(chunk.len())))
            .collect();
        for answer in [
            format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}"),
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"),
            format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}"),
        ] {
            let wire = Wire::says_once(&answer).await;
            match client.send(get(&wire.url("/"))).await {
                Ok(answer) => assert!(!too_large && answer.body().len() == length),
                answer => assert!(
                    too_large
                        && fails(answer, HttpErrorKind::TooLarge).kind() == HttpErrorKind::TooLarge
                ),
            }
        }
    }
}

#[tokio::test]
async fn f87_a_length_that_is_announced_is_enough_to_refuse() {
    let wire = Wire::serve(|mut conversation| async move {
        conversation.request().await;
        conversation.say("HTTP/1.1 200 OK\r\ncontent-length: 107374182400\r\n\r\n").await;
        conversation.wait_for_the_end().await;
    })
    .await;
    fails(client().send(get(&wire.url("/"))).await, HttpErrorKind::TooLarge);
}

#[tokio::test]
async fn f87_headers_have_a_cap_in_bytes() {
    for (length, too_large) in [(60_000, false), (66_000, true)] {
        let value = "x".repeat(length);
        let wire =
            Wire::says(&format!("HTTP/1.1 200 OK\r\nx-a: {value}\r\ncontent-length: 0\r\n\r\n"))
                .await;
        let answer = client().send(get(&wire.url("/"))).await;
        if too_large {
            fails(answer, HttpErrorKind::TooLarge);
        } else {
            answer.unwrap();
        }
    }
}

#[tokio::test]
async fn f87_headers_have_a_cap_in_lines() {
    for (lines, too_many) in [(99, false), (100, true), (5000, true)] {
        let headers = "x-a: 1\r\n".repeat(lines);
        let wire =
            Wire::says(&format!("HTTP/1.1 200 OK\r\n{headers}content-length: 0\r\n\r\n")).await;
        let answer = client().send(get(&wire.url("/"))).await;
        assert_eq!(answer.is_err(), too_many, "{lines}: {answer:?}");
    }
}

#[tokio::test]
async fn f87_trailers_are_no_headers() {
    let wire = Wire::says(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: location\r\n\r\n2\r\n{}\r\n0\r\nlocation: http://evil.example/\r\n\r\n",
    )
    .await;
    let answer = send(&client(), get(&wire.url("/"))).await;
    assert_eq!(answer.body(), b"{}");
    assert!(!answer.headers().contains_key("location"));
}

#[tokio::test]
async fn what_is_not_http_is_no_answer() {
    for words in [
        "{}\r\n\r\n",
        "HTTP/0.9 200 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 20x OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "SSH-2.0-OpenSSH_9.9\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx y: z\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: \0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2, 3\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551616\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}",
    ] {
        let wire = Wire::says_once(words).await;
        let error = client().send(get(&wire.url("/"))).await;
        assert!(error.is_err(), "{words:?}: {error:?}");
        fails(error, HttpErrorKind::Interrupted);
    }
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_not_taken_for_the_next() {
    let wire = Wire::says(&format!(
        "{OK}HTTP/1.1 200 OK\r\nx-forged: yes\r\ncontent-length: 6\r\n\r\nforged"
    ))
    .await;
    let client = client();
    for _ in 0..5 {
        let answer = client.send(get(&wire.url("/"))).await;
        // Refused or read anew, never the left-over.
        assert!(answer.is_err() || answer.unwrap().body() == b"{}");
    }
}

#[tokio::test]
async fn a_change_of_protocol_is_no_more_than_a_status() {
    let wire = Wire::says(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    )
    .await;
    match impatient().send(get(&wire.url("/"))).await {
        Ok(answer) => assert_eq!((answer.status().as_u16(), answer.body().len()), (101, 0)),
        Err(error) => assert_ne!(error.kind(), HttpErrorKind::Connect),
    }
}

#[tokio::test]
async fn an_older_version_of_http_is_understood() {
    let wire = Wire::says_once("HTTP/1.0 200 OK\r\n\r\n{}").await;
    assert_eq!(send(&client(), get(&wire.url("/"))).await.body(), b"{}");
}

#[tokio::test]
async fn headers_come_back_as_they_were_sent_twice_if_twice() {
    let wire = Wire::says(
        "HTTP/1.1 200 OK\r\netag: W/\"1\"\r\nx-a: 1\r\nX-A: 2\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    let answer = send(&client(), get(&wire.url("/"))).await;
    let values: Vec<_> = answer.headers().get_all("x-a").iter().collect();
    assert_eq!(values, ["1", "2"]);
    assert_eq!(answer.headers()["etag"], "W/\"1\"");
}
