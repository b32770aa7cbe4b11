//! Google's webhooks.

use super::*;

/// Signed by the key of the stand-in, from 2026-11-21T12:00:00Z on for five minutes.
pub(super) const SIGNED: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InRlc3Qta2V5LTEifQ.eyJpc3MiOiJodHRwczovL2dlbmVyYXRpdmVsYW5ndWFnZS5nb29nbGVhcGlzLmNvbSIsImF1ZCI6Imh0dHBzOi8vc3R1ZGlvLmFxdWF0aW50LmRldi9ob29rcy9nb29nbGUiLCJpYXQiOjE3OTUyNjI0MDAsImV4cCI6MTc5NTI2MjcwMH0.lMoprWI8DBTG5-gNt7zQNOLKT84tm25EDfW9ZQu1pMNRTlCh7DnArBqYgbLvq5FBjc-gxYunJ9ohRn48Uni2DVAAJOp25X_XwybangtGjtd6YUJZgGzunHeu6sgmaPBtcd9-lKOz8HxEHIST_G_mvq895YefckEBOhzMFLYrlBb8w75A7co88RBOPMk_thrf28-hTcyJC2fF4z0730hvM3e0I_O9kLmbUmPF2GD6pHbHfjd2omEPk23_wTki4z--8owMTs8a8wf-ohANJIsC3Kdyq1vsTnZ1JgeqMHH41YOMn1JL5WjbGt-KNR1QHkvbOYCYRvlFaDnCpSRrb6IXVg";

pub(super) fn delivery(token: &str, received_at: &str) -> Delivery {
    let mut headers = HeaderMap::new();
    headers.insert("webhook-signature", token.parse().expect("a header"));
    Delivery {
        headers,
        body: Bytes::from_static(br#"{"type":"interaction.completed","data":{"id":"interactions/v1_1"}}"#),
        received_at: received_at.parse::<Timestamp>().expect("a time"),
        secret: String::new(),
    }
}

#[tokio::test]
pub(super) async fn a_webhook_is_googles_when_its_token_says_so() {
    let running = google::STAND_IN.start().await;
    let service = service(&google::STAND_IN, &running);
    let notice = service
        .webhook(&delivery(SIGNED, "2026-11-21T12:00:30Z"))
        .await
        .expect("signed");
    assert_eq!(notice.task, "v1_1");
    assert!(
        notice.progress.is_none(),
        "what came of it is asked from the vendor itself"
    );
    let (head, rest) = SIGNED.split_once('.').expect("three parts");
    let (claims, signature) = rest.split_once('.').expect("three parts");
    // {"alg":"none","kid":"test-key-1"} and {"alg":"RS256","kid":"another"}
    let unsigned = format!("eyJhbGciOiJub25lIiwia2lkIjoidGVzdC1rZXktMSJ9.{claims}.");
    let another = format!("eyJhbGciOiJSUzI1NiIsImtpZCI6ImFub3RoZXIifQ.{claims}.{signature}");
    let changed = format!("{head}.{}.{signature}", claims.replacen('e', "f", 1));
    for (token, when) in [
        (SIGNED, "2026-11-21T12:05:01Z"),
        (SIGNED, "2026-11-21T11:50:00Z"),
        (unsigned.as_str(), "2026-11-21T12:00:30Z"),
        (another.as_str(), "2026-11-21T12:00:30Z"),
        (changed.as_str(), "2026-11-21T12:00:30Z"),
        ("rubbish", "2026-11-21T12:00:30Z"),
    ] {
        let fault = service.webhook(&delivery(token, when)).await.expect_err("not theirs");
        assert_eq!(fault.kind, FaultKind::Forbidden, "{fault}");
    }
    running.assert_sound();
}
