//! What passkeys are called.

use aquatint_domain::{Problem, text};

/// Characters of a passkey's name.
const NAME_MAX_CHARS: usize = 80;

/// A name that a person gives.
pub(super) fn given(name: &str) -> Result<String, Problem> {
    let name = text::one_line(name, NAME_MAX_CHARS + 1);
    if name.is_empty() || name.chars().count() > NAME_MAX_CHARS {
        return Err(Problem::invalid("name", "Say a name of up to 80 characters."));
    }
    Ok(name)
}

/// What a new passkey is called: the manager that keeps it, where its model is well known, else browser and system. Models are
/// those of <https://github.com/passkeydeveloper/passkey-authenticator-aaguids>; they are not proved, and only a name.
pub(super) fn after(model: &[u8; 16], user_agent: &str) -> String {
    const MODELS: [(u128, &str); 12] = [
        (0xea9b_8d66_4d01_1d21_3ce4_b6b4_8cb5_75d4, "Google Password Manager"),
        (0xfbfc_3007_154e_4ecc_8c0b_6e02_0557_d7bd, "iCloud Keychain"),
        (0xdd4e_c289_e01d_41c9_bb89_70fa_845d_4bf2, "iCloud Keychain"),
        (0xadce_0002_35bc_c60a_648b_0b25_f1f0_5503, "Chrome on Mac"),
        (0x0898_7058_cadc_4b81_b6e1_30de_50dc_be96, "Windows Hello"),
        (0x9ddd_1817_af5a_4672_a2b9_3e3d_d950_00a9, "Windows Hello"),
        (0x6028_b017_b1d4_4c02_b4b3_afcd_afc9_6bb2, "Windows Hello"),
        (0xbada_5566_a7aa_401f_bd96_4561_9a55_120d, "1Password"),
        (0xd548_826e_79b4_db40_a3d8_1111_6f7e_8349, "Bitwarden"),
        (0x5311_26d6_e717_415c_9320_3d9a_a698_1239, "Dashlane"),
        (0x5341_4d53_554e_4700_0000_0000_0000_0000, "Samsung Pass"),
        (0xfdb1_41b2_5d84_443e_8a35_4698_c205_a502, "KeePassXC"),
    ];
    let model = u128::from_be_bytes(*model);
    if let Some((_, name)) = MODELS.iter().find(|(known, _)| *known == model) {
        return (*name).to_owned();
    }
    let named = |marks: &[(&str, &'static str)]| {
        let found = marks.iter().find(|(mark, _)| user_agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    let browser = named(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = named(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS", "macOS"),
        ("Windows", "Windows"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => "Passkey".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::after;

    #[test]
    fn a_passkey_is_called_after_its_manager_or_its_device() {
        let agent =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36";
        assert_eq!(after(&[0; 16], agent), "Chrome on Linux");
        assert_eq!(after(&[0; 16], "curl/8"), "Passkey");
        assert_eq!(after(&[0; 16], "Something for iPhone"), "iPhone");
        let bitwarden = 0xd548_826e_79b4_db40_a3d8_1111_6f7e_8349u128.to_be_bytes();
        assert_eq!(after(&bitwarden, agent), "Bitwarden");
    }
}
