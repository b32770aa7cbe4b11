//! The surfaces: MCP endpoints that carry the names, arguments and results of other services, so that their clients feel at
//! home. Each is a thin door: it translates words and shapes, and everything that is done is an operation of the studio. An
//! asset, job or credit made through one is seen through all. What each covers is told in `docs/surfaces.md`.

pub mod aiphotogenerator;
pub mod krea;
pub mod pixola;
pub mod rest;
pub(crate) mod service;
pub(crate) mod sizes;
pub(crate) mod slugs;
mod twelve;

use std::sync::Arc;

use aquatint_app::Studio;
use aquatint_domain::Problem;
use axum::Router;
use serde_json::Value;

use crate::mcp::{self, McpConfig, SharedToolbox};
use crate::oauth::metadata_url;
use service::Door;
use twelve::Twelve;

/// One surface.
pub struct Surface {
    /// Where it stands. Access tokens are made for it, and its metadata stands under the same path.
    pub path: &'static str,
    toolbox: fn(&Studio, &'static str) -> SharedToolbox,
}

/// Every surface: the routes, the admission of tokens, and the metadata of protected resources come from these rows.
pub static ALL: [Surface; 7] = [
    Surface {
        path: "/mcp",
        toolbox: |studio, _| Arc::new(studio.clone()),
    },
    Surface {
        path: "/mcp/pixelcut",
        toolbox: |studio, path| Arc::new(Twelve::new(studio, path)),
    },
    Surface {
        path: "/mcp/pixa",
        toolbox: |studio, path| Arc::new(Twelve::new(studio, path)),
    },
    Surface {
        path: "/mcp/krea",
        toolbox: |studio, path| Arc::new(Door::<krea::Krea>::new(studio, path)),
    },
    Surface {
        path: "/mcp/pixola",
        toolbox: |studio, path| Arc::new(Door::<pixola::Pixola>::new(studio, path)),
    },
    Surface {
        path: "/mcp/aiphotogenerator",
        toolbox: |studio, path| Arc::new(Door::<aiphotogenerator::AiPhotoGenerator>::new(studio, path)),
    },
    Surface {
        path: "/api/mcp",
        toolbox: |studio, path| Arc::new(Door::<aiphotogenerator::AiPhotoGenerator>::new(studio, path)),
    },
];

/// The routes of all surfaces.
pub fn router(studio: &Studio, config: &McpConfig) -> Result<Router, Problem> {
    let public = studio.public_url();
    let mut router = mcp::icons::routes();
    for surface in &ALL {
        let mut own = config.clone();
        own.resource_metadata = Some(metadata_url(&public, surface.path));
        // The conformance suite calls the native surface alone.
        own.conformance_fixtures &= surface.path == "/mcp";
        router = router.merge(mcp::router_at(
            surface.path,
            (surface.toolbox)(studio, surface.path),
            own,
        )?);
    }
    Ok(router)
}

/// How a service tells of work that has ended, to the address that came with the order.
pub fn ended(service: &str, view: &Value) -> Value {
    match service {
        <krea::Krea as service::Service>::NAME => krea::object::job(view),
        _ => view.clone(),
    }
}

#[cfg(test)]
mod tests {
    use aquatint_app::oauth::ENDPOINTS;

    use super::ALL;

    #[test]
    fn every_surface_is_a_resource_of_its_own() {
        for surface in &ALL {
            assert!(ENDPOINTS.contains(&surface.path), "{}", surface.path);
        }
        let others: Vec<_> = ENDPOINTS
            .iter()
            .filter(|path| ALL.iter().all(|surface| surface.path != **path))
            .collect();
        assert_eq!(others, [&"/api/v1"]);
    }
}
