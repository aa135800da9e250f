//! The fit file: JSON with all that is needed to go on without the data.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use super::data_record::element_type;
use super::{
    Basis, DataRecord, Draws, FitFileError, FittedCoordinate, Loo, Method, Posterior, Seconds, StatePath,
    States, Summary, Verdict,
};
use crate::compile::{Quantity, QuantityKind};
use crate::data::{DataArg, Levels, overwrites};
use crate::source::Source;
use crate::tape::Tensor;

/// Version of the format; a reader takes its own only.
pub const SCHEMA: i64 = 2;
const KIND: &str = "fit";
/// A file holds draws for as many numbers as this (some 80 MB), of wider models the first of them only.
const MAX_NUMBERS: usize = 4_000_000;
/// Fewest draws in a file, if there are so many.
const MIN_DRAWS: usize = 100;

/// Whether a fit may be written to `path`: an error where that would overwrite one of `sources` (the model and the data
/// of the fit), or a file that is not a fit. An empty file, and what is not a file (`/dev/null`), may be written to.
pub fn check_destination<'a>(
    path: &Path,
    sources: impl IntoIterator<Item = &'a Path>,
) -> Result<(), FitFileError> {
    let file = path.display().to_string();
    let Ok(metadata) = path.metadata() else {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        return match folder.map(Path::metadata) {
            Some(Err(cause)) => Err(FitFileError::Unwritable { file, cause }),
            _ => Ok(()),
        };
    };
    if overwrites(path, sources) {
        return Err(FitFileError::OverwritesSource { file });
    }
    if !metadata.is_file() || metadata.len() == 0 || is_fit(path) {
        return Ok(());
    }
    Err(FitFileError::OverwritesOther { file })
}

/// Whether a file says that it is a fit, of whatever schema.
pub fn is_fit(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let header = serde_json::from_reader::<_, Header>(BufReader::new(file));
    header.is_ok_and(|header| header.vippl.as_deref() == Some(KIND))
}

/// Writes a posterior, unless [`check_destination`] objects. Numbers survive the round trip bit for bit; what is not finite becomes null.
pub fn write(posterior: &Posterior, path: &Path) -> Result<(), FitFileError> {
    let unwritable =
        |cause: std::io::Error| FitFileError::Unwritable { file: path.display().to_string(), cause };
    let data = posterior.data.files.iter().map(|argument| match DataArg::parse(argument) {
        Ok(data) => data.path().to_path_buf(),
        Err(_) => argument.into(),
    });
    let sources: Vec<PathBuf> = data.chain([PathBuf::from(&*posterior.model.name)]).collect();
    check_destination(path, sources.iter().map(PathBuf::as_path))?;
    let mut out = BufWriter::new(File::create(path).map_err(unwritable)?);
    serde_json::to_writer(&mut out, &FitFile::of(posterior)).map_err(|error| unwritable(error.into()))?;
    out.write_all(b"\n").and_then(|()| out.flush()).map_err(unwritable)
}

/// Reads what [`write`] wrote.
pub fn read(path: &Path) -> Result<Posterior, FitFileError> {
    let file = path.display().to_string();
    let bytes =
        std::fs::read(path).map_err(|cause| FitFileError::Unreadable { file: file.clone(), cause })?;
    parse(&file, &bytes)
}

/// A posterior from the bytes of a fit file called `file`.
pub fn parse(file: &str, bytes: &[u8]) -> Result<Posterior, FitFileError> {
    let not_a_fit = |cause: String| FitFileError::NotAFit { file: file.to_string(), cause };
    match serde_json::from_slice::<FitFile>(bytes) {
        Ok(content) if content.vippl == KIND && content.schema == SCHEMA => {
            content.into_posterior().map_err(|cause| FitFileError::Damaged { file: file.to_string(), cause })
        }
        other => {
            // Something else: say what, from the few entries that every version has.
            let header: Header =
                serde_json::from_slice(bytes).map_err(|error| not_a_fit(error.to_string()))?;
            match (header.vippl.as_deref(), header.schema) {
                (Some(KIND), Some(SCHEMA)) => {
                    let cause = other.err().map_or_else(String::new, |error| error.to_string());
                    Err(FitFileError::Damaged { file: file.to_string(), cause })
                }
                (Some(KIND), Some(found)) => Err(FitFileError::Schema {
                    file: file.to_string(),
                    found,
                    expected: SCHEMA,
                    version: header.version.unwrap_or_else(|| "of another version".to_string()),
                }),
                _ => Err(not_a_fit("it is JSON of another kind".to_string())),
            }
        }
    }
}

#[derive(Deserialize)]
struct Header {
    vippl: Option<String>,
    schema: Option<i64>,
    version: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct FitFile {
    vippl: String,
    schema: i64,
    version: String,
    model: ModelRecord,
    data: DataRecord,
    coordinates: Vec<FittedCoordinate>,
    training_constants: Vec<ConstantRecord>,
    evidence: bool,
    is_split: bool,
    method: Method,
    basis: Basis,
    loo: Option<Loo>,
    warnings: Vec<String>,
    #[serde(default)]
    approximation_warnings: Vec<String>,
    seconds: Seconds,
    n_draws: usize,
    /// Chains that the draws are, one after the other; none of independent draws.
    n_chains: Option<usize>,
    /// Sets of levels, which the quantities refer to by position.
    levels: Vec<Vec<String>>,
    quantities: Vec<QuantityRecord>,
}

#[derive(Serialize, Deserialize)]
struct ModelRecord {
    name: String,
    text: String,
}

#[derive(Serialize, Deserialize)]
struct ConstantRecord {
    expression: String,
    dims: Vec<usize>,
    values: Row,
}

#[derive(Serialize, Deserialize)]
struct QuantityRecord {
    name: String,
    kind: KindRecord,
    element: String,
    dims: Vec<usize>,
    labels: Vec<Option<usize>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    doc: Option<String>,
    marginals: Vec<Option<usize>>,
    summaries: Vec<Summary>,
    /// Empty where there is nothing to judge.
    verdicts: Vec<Verdict>,
    /// Of a discrete quantity.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    states: Option<StatesRecord>,
    /// `[elements][n_draws]`; empty of the last ones where they have no draws.
    draws: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindRecord {
    Latent,
    PointEstimate,
    Deterministic,
    Imputed,
}

#[derive(Serialize, Deserialize)]
struct StatesRecord {
    values: Row,
    /// `[elements][values]`
    probabilities: Row,
    errors: Row,
    worth: f64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    path: Option<PathRecord>,
}

#[derive(Serialize, Deserialize)]
struct PathRecord {
    values: Row,
    probability: f64,
}

/// Numbers; null stands for what is not finite.
#[derive(Serialize)]
struct Row(Vec<f64>);

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Row, D::Error> {
        let numbers = Vec::<Option<f64>>::deserialize(deserializer)?;
        Ok(Row(numbers.into_iter().map(|number| number.unwrap_or(f64::NAN)).collect()))
    }
}

impl FitFile {
    fn of(posterior: &Posterior) -> FitFile {
        let affordable = MAX_NUMBERS / posterior.draws.n_rows().max(1);
        let kept = posterior.draws.first(affordable.max(MIN_DRAWS));
        let mut sets: Vec<Arc<Levels>> = Vec::new();
        let mut position = |levels: &Arc<Levels>| {
            sets.iter().position(|known| known == levels).unwrap_or_else(|| {
                sets.push(levels.clone());
                sets.len() - 1
            })
        };
        let quantities = posterior
            .quantities
            .iter()
            .map(|quantity| QuantityRecord {
                name: quantity.name.clone(),
                kind: match quantity.kind {
                    QuantityKind::Latent => KindRecord::Latent,
                    QuantityKind::PointEstimate => KindRecord::PointEstimate,
                    QuantityKind::Deterministic => KindRecord::Deterministic,
                    QuantityKind::Imputed => KindRecord::Imputed,
                },
                element: quantity.element.to_string(),
                dims: quantity.dims.clone(),
                labels: quantity.labels.iter().map(|levels| levels.as_ref().map(&mut position)).collect(),
                doc: quantity.doc.clone(),
                marginals: quantity.marginals.clone(),
                summaries: posterior.summaries_of(quantity).to_vec(),
                verdicts: posterior.verdicts_of(quantity).to_vec(),
                states: posterior.states_of(quantity).map(|states| StatesRecord {
                    values: Row(states.values.clone()),
                    probabilities: Row(states.probabilities.clone()),
                    errors: Row(states.errors.clone()),
                    worth: states.worth,
                    path: states.path.as_ref().map(|path| PathRecord {
                        values: Row(path.values.clone()),
                        probability: path.probability,
                    }),
                }),
                draws: (0..if posterior.has_draws(quantity) { quantity.len() } else { 0 })
                    .map(|element| {
                        let row = posterior.draws.row(quantity.offset + element);
                        Row(kept.iter().map(|&draw| row[draw]).collect())
                    })
                    .collect(),
            })
            .collect();
        let training_constants = posterior
            .training_constants
            .iter()
            .map(|(expression, value)| ConstantRecord {
                expression: expression.clone(),
                dims: value.shape().to_vec(),
                values: Row(value.iter().copied().collect()),
            })
            .collect();
        FitFile {
            vippl: KIND.to_string(),
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_string(),
            model: ModelRecord {
                name: posterior.model.name.to_string(),
                text: posterior.model.text.to_string(),
            },
            data: posterior.data.clone(),
            coordinates: posterior.coordinates.clone(),
            training_constants,
            evidence: posterior.evidence,
            is_split: posterior.is_split,
            method: posterior.method.clone(),
            basis: posterior.basis,
            loo: posterior.loo.clone(),
            warnings: posterior.warnings.clone(),
            approximation_warnings: posterior.approximation_warnings.clone(),
            seconds: posterior.seconds,
            n_draws: kept.len(),
            n_chains: posterior.draws.n_chains(),
            levels: sets.iter().map(|levels| levels.names().to_vec()).collect(),
            quantities,
        }
    }

    /// The posterior, if the parts of the file agree with each other.
    fn into_posterior(self) -> Result<Posterior, String> {
        let mut sets = Vec::with_capacity(self.levels.len());
        for names in self.levels {
            let mut sorted: Vec<&String> = names.iter().collect();
            sorted.sort_unstable();
            if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err("a set of levels holds a name twice".to_string());
            }
            sets.push(Arc::new(Levels::new(names)));
        }
        let mut offset = 0;
        let (mut quantities, mut summaries, mut draws) = (Vec::new(), Vec::new(), Vec::new());
        let mut verdicts = Vec::new();
        let mut discrete = Vec::new();
        let mut all_drawn = true;
        for record in self.quantities {
            let damaged = |what: &str| format!("{what} of `{}` do not fit its shape", record.name);
            let n = record.dims.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
            let n = n.ok_or_else(|| damaged("the dimensions"))?;
            if record.summaries.len() != n || record.marginals.len() != n {
                return Err(damaged("the summaries"));
            }
            if ![0, n].contains(&record.verdicts.len()) {
                return Err(damaged("the verdicts"));
            }
            let is_drawn = !record.draws.is_empty();
            let is_allowed = match is_drawn {
                true => record.draws.len() == n && all_drawn,
                false => n == 0 || record.states.is_some() || self.n_draws == 0,
            };
            all_drawn &= is_drawn || n == 0;
            if !is_allowed || record.draws.iter().any(|row| row.0.len() != self.n_draws) {
                return Err(damaged("the draws"));
            }
            if let Some(StatesRecord { values, probabilities, errors, worth, path }) = record.states {
                let path =
                    path.map(|path| StatePath { values: path.values.0, probability: path.probability });
                if path.as_ref().is_some_and(|path| path.values.len() != n) {
                    return Err(damaged("the path"));
                }
                let states = States {
                    values: values.0,
                    probabilities: probabilities.0,
                    errors: errors.0,
                    worth,
                    path,
                };
                let len = states.values.len().checked_mul(n);
                if [&states.probabilities, &states.errors].into_iter().any(|all| Some(all.len()) != len) {
                    return Err(damaged("the probabilities"));
                }
                discrete.push((record.name.clone(), states));
            }
            let mut labels = Vec::with_capacity(record.labels.len());
            for (dim, set) in record.labels.iter().enumerate() {
                labels.push(match set {
                    None => None,
                    Some(set) => {
                        let set = sets.get(*set).ok_or_else(|| damaged("the labels"))?;
                        if record.dims.get(dim) != Some(&set.len()) {
                            return Err(damaged("the labels"));
                        }
                        Some(set.clone())
                    }
                });
            }
            if labels.len() != record.dims.len() {
                return Err(damaged("the labels"));
            }
            let element = element_type(&record.element);
            let element = element
                .ok_or_else(|| format!("`{}` has the unknown type {}", record.name, record.element))?;
            quantities.push(Quantity {
                kind: match record.kind {
                    KindRecord::Latent => QuantityKind::Latent,
                    KindRecord::PointEstimate => QuantityKind::PointEstimate,
                    KindRecord::Deterministic => QuantityKind::Deterministic,
                    KindRecord::Imputed => QuantityKind::Imputed,
                },
                name: record.name,
                dims: record.dims,
                labels,
                element,
                doc: record.doc,
                offset,
                marginals: record.marginals,
            });
            offset += n;
            summaries.extend(record.summaries);
            verdicts.extend(record.verdicts);
            draws.extend(record.draws.into_iter().flat_map(|row| row.0));
        }
        let mut training_constants = Vec::new();
        for constant in self.training_constants {
            let ConstantRecord { expression, dims, values } = constant;
            let value = ndarray::ArrayD::from_shape_vec(dims, values.0)
                .map_err(|_| format!("the values of `{expression}` do not fit its shape"))?;
            training_constants.push((expression, Tensor::from(value)));
        }
        if !verdicts.is_empty() && verdicts.len() != summaries.len() {
            return Err("some quantities have verdicts, others have none".to_string());
        }
        let mut draws = Draws::new(self.n_draws, draws);
        if let Some(n_chains) = self.n_chains {
            if n_chains == 0 || !self.n_draws.is_multiple_of(n_chains) {
                return Err(format!("{} draws are not those of {n_chains} chains", self.n_draws));
            }
            draws = draws.in_chains(n_chains);
        }
        if let Method::Nuts(nuts) = &self.method
            && nuts.convergence.len() != summaries.len()
        {
            return Err("the diagnostics of chains are not those of the quantities".to_string());
        }
        if self.loo.as_ref().is_some_and(|loo| loo.elpd.len() != loo.k_hat.len() || loo.elpd.is_empty()) {
            return Err("leave-one-out has not one k-hat for each observation".to_string());
        }
        Ok(Posterior {
            model: Source::new(self.model.name, self.model.text),
            data: self.data,
            quantities,
            coordinates: self.coordinates,
            training_constants,
            evidence: self.evidence,
            is_split: self.is_split,
            method: self.method,
            summaries,
            verdicts,
            basis: self.basis,
            draws,
            states: discrete,
            loo: self.loo,
            warnings: self.warnings,
            approximation_warnings: self.approximation_warnings,
            seconds: self.seconds,
        })
    }
}
