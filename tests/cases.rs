//! Fits without options of models with known posteriors, against reference draws: right, and said to be right.

mod common;

use common::reference::Reference;
use common::{fit, package};
use vippl::posterior::Verdict;

fn passes(case: &str) {
    let folder = package().join("tests/cases").join(case);
    let posterior = fit(&folder).unwrap_or_else(|report| panic!("{case}: {report:?}"));
    let errors = Reference::of(&folder).errors(&posterior);
    assert!(errors.is_empty(), "{case}: {errors:#?}");
    let verdict = posterior.verdict().expect("a verdict");
    assert_ne!(verdict, Verdict::Distrust, "{case}: {:?}", posterior.warnings);
}

macro_rules! cases {
    ($($test:ident: $case:literal,)*) => {
        $(
            #[test]
            fn $test() {
                passes($case);
            }
        )*

        #[test]
        fn no_case_is_left_out() {
            let folders = std::fs::read_dir(package().join("tests/cases")).expect("the cases");
            let cases = folders.filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().is_dir()));
            assert_eq!(cases.count(), [$($case),*].len());
        }
    };
}

cases! {
    ark: "arK-arK",
    earn_height: "earnings-earn_height",
    logearn_interaction: "earnings-logearn_interaction",
    eight_schools_centered: "eight_schools-eight_schools_centered",
    eight_schools_noncentered: "eight_schools-eight_schools_noncentered",
    garch: "garch-garch11",
    gaussian_process: "gp_pois_regr-gp_regr",
    hidden_markov_model: "hmm_example-hmm_example",
    // With a second, much lower mode, where the cycles of hares and lynxes fall apart; some starts end there.
    predator_and_prey: "hudson_lynx_hare-lotka_volterra",
    kidscore_interaction: "kidiq-kidscore_interaction",
    kilpisjarvi: "kilpisjarvi_mod-kilpisjarvi",
    gaussian_mixture: "low_dim_gauss_mix-low_dim_gauss_mix",
    mesquite: "mesquite-mesquite",
    nes1980: "nes1980-nes",
    sblri: "sblri-blr",
}
