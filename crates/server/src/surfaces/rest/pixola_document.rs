//! The OpenAPI document of Pixola's REST.

use serde_json::{Value, json};

/// OpenAPI 3.1, for a studio that is reached at `public_url`.
pub(super) fn document(public_url: &str) -> Value {
    let key = json!([{ "key": [] }]);
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Aquatint, as Pixola's clients know it", "version": env!("CARGO_PKG_VERSION") },
        "servers": [{ "url": format!("{public_url}/pixola/api/v1") }],
        "components": {
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer" } },
            "schemas": {
                "Error": {
                    "type": "object", "required": ["error", "message", "status"],
                    "properties": {
                        "error": { "enum": ["bad_request", "unauthorized", "not_found", "content_flagged", "insufficient_credits", "rate_limited", "internal_error"] },
                        "message": { "type": "string" }, "hint": { "type": "string" }, "status": { "type": "integer" },
                    },
                },
                "Batch": {
                    "type": "object", "required": ["batchId", "status", "images"],
                    "properties": {
                        "batchId": { "type": "string" },
                        "status": { "enum": ["pending", "processing", "completed", "failed", "cancelled"] },
                        "progress": { "type": "number", "minimum": 0, "maximum": 1 },
                        "images": { "type": "array", "items": {
                            "type": "object",
                            "properties": {
                                "imageId": { "type": "string" }, "title": { "type": "string" }, "url": { "type": "string", "format": "uri" },
                                "width": { "type": "integer" }, "height": { "type": "integer" },
                            },
                        } },
                        "creditsUsed": { "type": "number" },
                    },
                },
                "Generate": {
                    "type": "object", "required": ["prompt"], "additionalProperties": false,
                    "properties": {
                        "prompt": { "type": "string", "minLength": 1 }, "model": { "type": "string" },
                        "style": { "type": "string", "default": "no-style" }, "shape": { "type": "string", "default": "square" },
                        "quality": { "enum": ["standard", "hd"], "default": "standard" },
                        "count": { "type": "integer", "minimum": 1, "maximum": 10, "default": 1 },
                    },
                },
            },
        },
        "paths": {
            "/models": lists("Image models with prices"), "/models/{slug}": looks_up("A model"),
            "/styles": lists("Style presets"), "/styles/{slug}": looks_up("A style"),
            "/shapes": lists("Aspect ratios with dimensions"), "/shapes/{slug}": looks_up("A shape"),
            "/credits": { "get": { "summary": "Balance and plan", "security": key, "responses": answers("200", json!({ "type": "object" })) } },
            "/generate": { "post": {
                "summary": "Begin a batch of images", "security": key,
                "requestBody": { "required": true, "content": content(json!({ "$ref": "#/components/schemas/Generate" })) },
                "responses": answers("202", json!({ "$ref": "#/components/schemas/Batch" })),
            } },
            "/batches/{batchId}": { "get": {
                "summary": "A batch, with its images when it is complete", "security": key, "parameters": [in_path("batchId")],
                "responses": answers("200", json!({ "$ref": "#/components/schemas/Batch" })),
            } },
        },
    })
}

fn content(schema: Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

fn in_path(name: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
}

fn answers(status: &str, schema: Value) -> Value {
    json!({
        status: { "description": "As asked", "content": content(schema) },
        "default": { "description": "A refusal", "content": content(json!({ "$ref": "#/components/schemas/Error" })) },
    })
}

fn lists(summary: &str) -> Value {
    json!({ "get": { "summary": summary, "responses": answers("200", json!({ "type": "object" })) } })
}

fn looks_up(summary: &str) -> Value {
    json!({ "get": { "summary": summary, "parameters": [in_path("slug")], "responses": answers("200", json!({ "type": "object" })) } })
}
