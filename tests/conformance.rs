//! Our own connectors run the contract's suite.
#![cfg(feature = "conformance")]

use outbound_provisioning::conformance;
use outbound_provisioning::connector::Connector;

/// Runs the suite, and says which case of it failed.
async fn conforms(connector: &dyn Connector) {
    let suite = conformance::connector(connector).await;
    assert!(suite.is_passed(), "\n{suite}");
    assert!(suite.cases.len() > 10, "the suite hardly ran:\n{suite}");
}

#[cfg(feature = "mock")]
mod mock {
    use outbound_provisioning::conformance::Verdict;
    use outbound_provisioning::connector::Capabilities;
    use outbound_provisioning::mock::{Fault, MockConnector};

    use super::{conformance, conforms};

    #[tokio::test]
    async fn the_mock_conforms() {
        conforms(&MockConnector::new()).await;
    }

    #[tokio::test]
    async fn a_mock_that_can_do_little_conforms() {
        conforms(&MockConnector::new().with_capabilities(Capabilities::new())).await;
    }

    #[tokio::test]
    async fn a_mock_with_groups_but_no_members_on_create_conforms() {
        conforms(&MockConnector::new().with_capabilities(Capabilities::new().with_groups())).await;
    }

    #[tokio::test]
    async fn the_suite_finds_a_wrong_answer() {
        let mock = MockConnector::new();
        mock.then(Fault::WrongAnswer);
        let suite = conformance::connector(&mock).await;
        assert!(!suite.is_passed());
        let failed = suite.cases.iter().filter(|case| matches!(case.verdict, Verdict::Failed(_)));
        assert!(failed.map(|case| case.sentence).any(|sentence| sentence == 7), "\n{suite}");
    }
}

#[cfg(feature = "scim2")]
mod scim2 {
    use std::sync::Arc;

    use outbound_provisioning::conformance::Scim2Target;
    use outbound_provisioning::connector::{BuildContext, Connector, ConnectorFactory};
    use outbound_provisioning::host::NoSecrets;
    use outbound_provisioning::model::{Properties, Target};
    use outbound_provisioning::scim2::Scim2Factory;

    use super::conforms;

    fn connector(update_method: &str) -> outbound_provisioning::Result<Arc<dyn Connector>> {
        let properties = Properties::new()
            .with("base_url", "http://127.0.0.1/scim/v2")
            .with("authentication", "bearer")
            .with("token", "t0ken")
            .with(
                "profile_overrides",
                format!(
                    r#"{{"user_update": "{update_method}", "group_update": "{update_method}"}}"#
                ),
            );
        let target = Target::new("hr", "scim2");
        let context =
            BuildContext::new("acme".into(), target, 1, properties, Arc::new(NoSecrets::new()));
        Scim2Factory::new(Scim2Target::new().with_bearer_token("t0ken")).build(&context)
    }

    #[tokio::test]
    async fn scim2_with_patch_conforms() {
        conforms(&connector("patch").unwrap()).await;
    }

    #[tokio::test]
    async fn scim2_with_put_conforms() {
        conforms(&connector("put").unwrap()).await;
    }
}
