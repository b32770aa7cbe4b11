//! The contact sheet shows every picture, whole and in order.

use image::{DynamicImage, Rgb, RgbImage};
use serde_json::json;

use crate::hand::{made, run};

#[test]
fn every_picture_is_on_the_sheet_in_its_place() {
    let colors = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [0, 255, 255]];
    let pictures: Vec<DynamicImage> = colors
        .iter()
        .enumerate()
        .map(|(index, color)| RgbImage::from_pixel(40 + index as u32 * 30, 90, Rgb(*color)).into())
        .collect();
    let (sheet, facts) = made(run("contact.sheet", json!({ "columns": 3 }), pictures));
    assert_eq!(facts["count"], 5);
    let sheet = sheet.to_rgb8();
    let (cell_width, cell_height) = (sheet.width() / 3, sheet.height() / 2);
    for (index, color) in colors.iter().enumerate() {
        let (column, row) = (index as u32 % 3, index as u32 / 3);
        let middle = sheet.get_pixel(
            column * cell_width + cell_width / 2,
            row * cell_height + cell_height / 2,
        );
        assert_eq!(&middle.0, color, "picture {index}");
    }
    assert!(run("contact.sheet", json!({ "columns": 3 }), vec![]).is_err());
}
