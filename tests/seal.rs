//! What is sealed at rest: what opens it, and what does not (P28, F70, F127).

use outbound_provisioning::ErrorKind;
use outbound_provisioning::seal::SealingKeys;

/// A key that is not random, so that a failure can be looked at again.
fn key(seed: u8) -> [u8; 32] {
    std::array::from_fn(|place| u8::try_from(place).unwrap_or(0).wrapping_mul(7) ^ seed)
}

#[cfg(not(feature = "seal"))]
#[test]
fn a_build_that_cannot_seal_says_so_and_names_what_was_sealed() {
    let refused = SealingKeys::new("2026", key(1)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Configuration);
    assert!(refused.message().contains("feature `seal`"), "{refused}");
    let sealed = [&[1, 4], b"2026".as_slice(), &[0; 40]].concat();
    let refused = SealingKeys::missing(&sealed);
    assert_eq!(refused.kind(), ErrorKind::Configuration);
    assert!(refused.message().contains("`2026`"), "{refused}");
    assert!(refused.message().contains("feature `seal`"), "{refused}");
}

#[cfg(feature = "seal")]
mod sealed {
    use super::*;
    use outbound_provisioning::model::{SealedSecret, Secret};
    use outbound_provisioning::seal::SealingKey;

    #[expect(clippy::unwrap_used, reason = "it fails the test like the test itself")]
    fn keys() -> SealingKeys {
        SealingKeys::new("2026", key(1)).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_in_its_context() {
        let keys = keys();
        for length in [0, 1, 15, 16, 17, 4096, 1 << 20] {
            let plain = vec![b'x'; length];
            let sealed = keys.seal(&plain, b"row 1").unwrap();
            assert_eq!(keys.open(&sealed, b"row 1").unwrap().expose(), plain);
            assert_eq!(SealingKeys::key_of(&sealed), Some("2026"));
            assert!(keys.is_newest(&sealed));
        }
        // Two texts of the same thing do not look the same.
        assert_ne!(keys.seal(b"same", b"").unwrap(), keys.seal(b"same", b"").unwrap());
    }

    #[test]
    fn no_context_is_taken_for_another() {
        let keys = keys();
        let contexts: [&[u8]; 6] = [b"", b"\0", b"row 1", b"row 10", b"row", b"2026row 1"];
        for context in contexts {
            let sealed = keys.seal(b"Ada", context).unwrap();
            for other in contexts {
                let opened = keys.open(&sealed, other);
                match opened {
                    Ok(_) => assert_eq!(context, other),
                    Err(error) => {
                        assert_ne!(context, other);
                        assert_eq!(error.kind(), ErrorKind::Damaged);
                    }
                }
            }
        }
    }

    #[test]
    fn a_flipped_bit_in_any_byte_is_noticed() {
        // The ids differ by one bit, so that one of the flips leads to another key.
        let keys = keys().with_older("2027", key(2)).unwrap();
        let sealed = keys.seal(b"ada@example.com", b"row 1").unwrap();
        for place in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[place] ^= 1 << bit;
                let error = keys.open(&changed, b"row 1").unwrap_err();
                let kinds = [ErrorKind::Damaged, ErrorKind::Configuration];
                assert!(kinds.contains(&error.kind()), "byte {place}, bit {bit}: {error}");
                // Behind the name of the key, nothing is a question of keys.
                if place >= 2 + 4 + 8 {
                    assert_eq!(error.kind(), ErrorKind::Damaged, "byte {place}, bit {bit}");
                }
                assert!(!error.to_string().chars().any(char::is_control), "{error:?}");
            }
        }
        for length in 0..sealed.len() {
            assert!(keys.open(&sealed[..length], b"row 1").is_err(), "{length} bytes");
        }
        let longer = [sealed.as_slice(), &[0]].concat();
        assert_eq!(keys.open(&longer, b"row 1").unwrap_err().kind(), ErrorKind::Damaged);
    }

    #[test]
    fn nothing_that_somebody_made_up_opens_or_panics() {
        let keys = keys();
        let mut state = 0x5eed_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_be_bytes()[0]
        };
        for round in 0..20_000 {
            let length = usize::from(next());
            let mut text: Vec<u8> = (0..length).map(|_| next()).collect();
            // Half of them begin like a sealed text.
            if round % 2 == 0 {
                let head = [1, 4, b'2', b'0', b'2', b'6'];
                text.splice(0..text.len().min(6), head);
            }
            assert!(keys.open(&text, b"").is_err());
            let _ =
                (SealingKeys::key_of(&text), SealingKeys::missing(&text), keys.is_newest(&text));
        }
    }

    #[test]
    fn f70_a_key_that_is_missing_or_another_one_is_named() {
        let sealed = keys().seal(b"Ada", b"").unwrap();
        for (keys, words) in [
            (SealingKeys::new("2025", key(1)).unwrap(), "was not given"),
            (SealingKeys::new("2026", key(2)).unwrap(), "not the one"),
        ] {
            let error = keys.open(&sealed, b"").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.message().contains("`2026`"), "{error}");
            assert!(error.message().contains(words), "{error}");
            assert!(!keys.is_newest(&sealed));
        }
        assert_eq!(SealingKeys::missing(&sealed).kind(), ErrorKind::Configuration);
        assert_eq!(SealingKeys::missing(b"{}").kind(), ErrorKind::Damaged);
    }

    #[test]
    fn f127_while_a_key_is_rotated_both_open_and_the_new_one_seals() {
        let old = keys();
        let earlier = old.seal(b"Ada", b"row 1").unwrap();
        let both = SealingKeys::new("2027", key(2)).unwrap().with_older("2026", key(1)).unwrap();
        assert_eq!(both.open(&earlier, b"row 1").unwrap().expose(), b"Ada");
        assert!(!both.is_newest(&earlier));
        let later = both.seal(b"Ada", b"row 1").unwrap();
        assert_eq!(SealingKeys::key_of(&later), Some("2027"));
        // A process that was not restarted yet has the new key as an older one.
        let behind = keys().with_older("2027", key(2)).unwrap();
        assert_eq!(behind.open(&later, b"row 1").unwrap().expose(), b"Ada");
        assert_eq!(both.ids().collect::<Vec<_>>(), ["2027", "2026"]);
        assert_eq!(behind.newest_id(), "2026");
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_repeated() {
        let refused = |result: outbound_provisioning::Result<SealingKeys>| {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            error.message().to_owned()
        };
        for id in ["", "two words", "a\nb", "schlüssel", &"x".repeat(256)] {
            let message = refused(SealingKeys::new(id, key(1)));
            assert!(message.contains("the id of a key"), "{message}");
            assert!(id.is_empty() || !message.contains(id), "it may be the key: {message}");
        }
        assert!(SealingKeys::new("x".repeat(255), key(1)).is_ok());
        for blank in [[0; 32], [0xff; 32]] {
            assert!(refused(SealingKeys::new("2026", blank)).contains("the same byte"));
        }
        let twice = refused(keys().with_older("2026", key(2)));
        assert!(twice.contains("`2026`"), "{twice}");
        refused(keys().with_older("2025", [0; 32]));
    }

    #[test]
    fn a_key_comes_as_hexadecimal_digits_too() {
        let digits: String = key(1).iter().map(|byte| format!("{byte:02x}")).collect();
        let sealed = keys().seal(b"Ada", b"").unwrap();
        for text in [digits.clone(), digits.to_uppercase(), format!("{digits}\n")] {
            let same = SealingKey::from_hex(&Secret::new(text)).unwrap();
            let same = SealingKeys::new("2026", same).unwrap();
            assert_eq!(same.open(&sealed, b"").unwrap().expose(), b"Ada");
        }
        let not = |text: &str| {
            let error = SealingKey::from_hex(&Secret::new(text)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(text.is_empty() || !format!("{error} {error:?}").contains(text), "{error}");
        };
        ["", "krypt", &digits[1..], &digits[2..], &format!("{digits}00"), &"ä".repeat(32)]
            .into_iter()
            .for_each(not);
    }

    #[test]
    fn a_sealed_secret_is_kept_as_text_and_opens_where_it_belongs() {
        let keys = keys();
        let password = Secret::new("krypt \"ü\u{1f511}\"");
        let sealed = keys.seal_secret(&password, b"lane 7").unwrap();
        let text = serde_json::to_string(&sealed).unwrap();
        assert!(!text.contains("krypt"));
        assert!(text.trim_matches('"').bytes().all(|byte| byte.is_ascii_hexdigit()), "{text}");
        let stored: SealedSecret = serde_json::from_str(&text).unwrap();
        assert_eq!(stored, sealed);
        assert_eq!(keys.open_secret(&stored, b"lane 7").unwrap().expose(), password.expose());
        let elsewhere = keys.open_secret(&stored, b"lane 8").unwrap_err();
        assert_eq!(elsewhere.kind(), ErrorKind::Damaged);
        let no_text = SealedSecret::from_bytes(keys.seal(&[0xff], b"lane 7").unwrap());
        assert_eq!(keys.open_secret(&no_text, b"lane 7").unwrap_err().kind(), ErrorKind::Damaged);
        for wrong in [r#""krypt""#, r#""krypt0""#, r#""012""#, "7", "null", r#"["krypt"]"#] {
            let error = serde_json::from_str::<SealedSecret>(wrong).unwrap_err();
            assert!(!error.to_string().contains("krypt"), "{error}");
        }
    }

    #[test]
    fn nothing_of_a_key_is_printed() {
        let keys = keys().with_older("2025", key(2)).unwrap();
        assert_eq!(format!("{keys:?}"), r#"SealingKeys(["2026", "2025"])"#);
        assert_eq!(format!("{:?}", SealingKey::from(key(1))), "SealingKey([redacted])");
        let sealed = keys.seal(b"krypt", b"").unwrap();
        assert_eq!(format!("{:?}", keys.open(&sealed, b"").unwrap()), "Opened([redacted])");
        let sealed = SealedSecret::from_bytes(sealed);
        assert_eq!(format!("{sealed:?}"), "SealedSecret([redacted])");
    }
}
