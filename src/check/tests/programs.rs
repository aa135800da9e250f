//! The program of every case, as `--dump ir` prints it.

use super::checked;
use crate::check::dump::dump;

const CASES: &[(&str, &str)] = &[
    ("arK_arK", include_str!("cases/arK_arK.vim")),
    ("diamonds_diamonds", include_str!("cases/diamonds_diamonds.vim")),
    ("earnings_earn_height", include_str!("cases/earnings_earn_height.vim")),
    ("earnings_logearn_interaction", include_str!("cases/earnings_logearn_interaction.vim")),
    ("eight_schools_centered", include_str!("cases/eight_schools_eight_schools_centered.vim")),
    ("eight_schools_noncentered", include_str!("cases/eight_schools_eight_schools_noncentered.vim")),
    ("garch_garch11", include_str!("cases/garch_garch11.vim")),
    ("gp_pois_regr_gp_regr", include_str!("cases/gp_pois_regr_gp_regr.vim")),
    ("hmm_example", include_str!("cases/hmm_example_hmm_example.vim")),
    ("kidiq_kidscore_interaction", include_str!("cases/kidiq_kidscore_interaction.vim")),
    ("kilpisjarvi", include_str!("cases/kilpisjarvi_mod_kilpisjarvi.vim")),
    ("low_dim_gauss_mix", include_str!("cases/low_dim_gauss_mix_low_dim_gauss_mix.vim")),
    ("mesquite", include_str!("cases/mesquite_mesquite.vim")),
    ("nes1980_nes", include_str!("cases/nes1980_nes.vim")),
    ("sblri_blr", include_str!("cases/sblri_blr.vim")),
];

#[test]
fn programs_without_data() {
    for (name, text) in CASES {
        insta::assert_snapshot!(format!("{name}"), dump(&checked(text, "").model));
    }
}

#[test]
fn programs_with_data() {
    let data = [
        ("arK_arK", "K: int = 5; T: int = 200; y: real[200]"),
        (
            "diamonds_diamonds",
            "N: int = 5000; K: int = 25; Y: real[5000]; X: real[5000, 25]; prior_only: int = 0",
        ),
        ("eight_schools_centered", "J: int = 8; y: int[8]; sigma: int[8]"),
        ("garch_garch11", "T: int = 200; y: real[200]; sigma1: real"),
        ("gp_pois_regr_gp_regr", "N: int = 11; x: int[11]; y: real[11]; k: int[11]"),
        ("hmm_example", "N: int = 100; K: int = 2; y: real[100]"),
        ("low_dim_gauss_mix", "N: int = 1000; y: real[1000]"),
        ("sblri_blr", "N: int = 100; D: int = 5; X: real[100, 5]; y: real[100]"),
    ];
    for (name, data) in data {
        let (_, text) = CASES.iter().find(|(case, _)| *case == name).expect("a case");
        insta::assert_snapshot!(format!("{name}_data"), dump(&checked(text, data).model));
    }
}

#[test]
fn lotka_volterra_has_a_shape() {
    let text = include_str!("cases/hudson_lynx_hare_lotka_volterra.vim");
    insta::assert_snapshot!("hudson_lynx_hare_lotka_volterra", dump(&checked(text, "").model));
    let data = "N: int = 20; ts: int[20]; y_init: real[2]; y: real[20, 2]";
    insta::assert_snapshot!("hudson_lynx_hare_lotka_volterra_data", dump(&checked(text, data).model));
}
