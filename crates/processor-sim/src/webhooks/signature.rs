//! How is a webhook signed? `Stripe-Signature: t=SECONDS,v1=HEX[,v1=HEX…],v0=HEX`, each an HMAC with SHA-256 over
//! `SECONDS.PAYLOAD` with the endpoint's secret as it is written, `whsec_` included ("Webhooks", *Verify manually*).

use ring::hmac;

/// The HMAC-SHA256 of `message`, in small hexadecimal digits.
#[must_use]
pub fn mac(secret: &str, message: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::sign(&key, message).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The header for a payload that is sent at `seconds` of Unix time. While secrets are rolled there are two, and a
/// signature by each. Events of test mode carry a `v0` besides, which is worth nothing and to be ignored.
#[must_use]
pub fn header(secrets: &[String], seconds: i64, payload: &str) -> String {
    let message = format!("{seconds}.{payload}");
    let mut header = format!("t={seconds}");
    for secret in secrets {
        header.push_str(",v1=");
        header.push_str(&mac(secret, message.as_bytes()));
    }
    header.push_str(",v0=");
    header.push_str(&mac("v0", message.as_bytes()));
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of stripe-node, `test/crypto/helpers.ts`.
    #[test]
    fn the_published_vectors_come_out() {
        let expect = |payload: &str, mac_is: &str| assert_eq!(mac("test_secret", payload.as_bytes()), mac_is);
        expect("", "f7f9bd47fb987337b5796fdc1fdb9ba221d0d5396814bfcaf9521f43fd8927fd");
        expect(
            r#"{"obj1":"hello","obj2":"world"}"#,
            "bebb1a643997f419b315ddba19e6f5411e1ce7f810ba6d3617ce72823092f363",
        );
        expect("\u{1f600}", "837da296d05c4fe31f61d5d7ead035099d9585a5bcde87de952012a78f0b0c43");
    }

    #[test]
    fn while_secrets_are_rolled_each_signs() {
        let header = header(&["whsec_a".to_owned(), "whsec_b".to_owned()], 12, "{}");
        let expected = format!("t=12,v1={},v1={},v0=", mac("whsec_a", b"12.{}"), mac("whsec_b", b"12.{}"));
        assert!(header.starts_with(&expected), "{header}");
    }
}
