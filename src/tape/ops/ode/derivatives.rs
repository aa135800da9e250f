//! Derivatives of sweeps: again sweeps, over the histories that the first ones have left.
//!
//! Lengths of steps are fractions of the interval that the values have fixed: they have no derivative, while both ends of the
//! interval do. Each sweep gives one of tangents, in its own direction, or one of adjoints, in the other.

use std::sync::Arc;

use super::interval::{GUESS, Interval, Spec, Taken};
use super::sweep::{Place, Read, Sweep, Write};
use crate::tape::forward::pushforward;
use crate::tape::graph::{Graph, Node};
use crate::tape::plan::live_nodes;
use crate::tape::reverse::pullback;

/// What varies along with the arguments that do.
struct Active {
    args: Vec<bool>,
    tracks: Vec<bool>,
    sums: Vec<bool>,
}

impl Active {
    fn new(spec: &Spec, varies: &[bool]) -> Active {
        let mut args = varies.to_vec();
        // Where a solve starts to look for its steps does not matter to what they are.
        args[GUESS] = false;
        let (tracks, sums) = (vec![false; spec.tracks.len()], vec![false; spec.sums.len()]);
        let mut active = Active { args, tracks, sums };
        for sweep in &spec.sweeps {
            for &(track, start) in &sweep.starts {
                active.tracks[track] = start.is_some_and(|arg| active.args[arg]);
            }
            loop {
                let varying = sweep.reads.iter().filter(|(_, read)| active.reads(*read));
                let depends = sweep.graph.depends(&varying.map(|read| read.0).collect::<Vec<_>>());
                let mut changed = false;
                for (_, write) in sweep.writes.iter().filter(|(node, _)| depends[node.index()]) {
                    let target = match *write {
                        Write::Track(place) => &mut active.tracks[place.track],
                        Write::Sum(sum) => &mut active.sums[sum],
                    };
                    changed |= !*target;
                    *target = true;
                }
                if !changed {
                    break;
                }
            }
        }
        active
    }

    fn reads(&self, read: Read) -> bool {
        match read {
            Read::Arg(arg) => self.args[arg],
            Read::Track(place) => self.tracks[place.track],
            Read::Fraction | Read::Elapsed => false,
        }
    }

    fn takes(&self, taken: Taken) -> bool {
        match taken {
            Taken::Track { track, .. } => self.tracks[track],
            Taken::Sum(sum) => self.sums[sum],
            Taken::Guess => false,
        }
    }
}

/// The tangent of the value, `None` where it is zero.
pub(super) fn tangent(spec: &Spec, g: &mut Graph, args: &[Node], tangents: &[Option<Node>]) -> Option<Node> {
    let varies: Vec<bool> = tangents.iter().map(Option::is_some).collect();
    let active = Active::new(spec, &varies);
    let mut new = Spec { results: Vec::new(), ..spec.clone() };
    let mut nodes = args.to_vec();
    let mut arg_of: Vec<Option<usize>> = vec![None; args.len()];
    for (i, tangent) in tangents.iter().enumerate().filter(|(i, _)| active.args[*i]) {
        arg_of[i] = tangent.map(|tangent| {
            nodes.push(tangent);
            nodes.len() - 1
        });
    }
    let track_of = appended(&mut new.tracks, &spec.tracks, &active.tracks);
    let sum_of = appended(&mut new.sums, &spec.sums, &active.sums);

    for sweep in &spec.sweeps {
        let Sweep { back, mut graph, mut reads, .. } = sweep.clone();
        let mut wrt = Vec::new();
        for &(node, read) in sweep.reads.iter().filter(|(_, read)| active.reads(*read)) {
            let read = match read {
                Read::Arg(arg) => arg_of[arg].map(Read::Arg),
                Read::Track(Place { track, ahead }) => {
                    track_of[track].map(|track| Read::Track(Place { track, ahead }))
                }
                Read::Fraction | Read::Elapsed => None,
            };
            if let Some(read) = read {
                let shape = graph.shape(node).to_vec();
                let tangent = graph.input(&shape);
                reads.push((tangent, read));
                wrt.push((node, tangent));
            }
        }
        let outputs: Vec<Node> = sweep.writes.iter().map(|write| write.0).collect();
        let pushed = pushforward(&mut graph, &outputs, &wrt);
        let mut writes = Vec::new();
        for ((node, write), tangent) in sweep.writes.iter().zip(pushed) {
            match *write {
                Write::Sum(sum) => {
                    if let (Some(sum), Some(tangent)) = (sum_of[sum], tangent) {
                        writes.push((tangent, Write::Sum(sum)));
                    }
                }
                Write::Track(Place { track, ahead }) => {
                    let Some(track) = track_of[track] else { continue };
                    let shape = graph.shape(*node).to_vec();
                    let tangent = tangent.unwrap_or_else(|| graph.full(&shape, 0.0));
                    writes.push((tangent, Write::Track(Place { track, ahead })));
                }
            }
        }
        let start = |&(track, arg): &(usize, Option<usize>)| {
            Some((track_of[track]?, arg.and_then(|arg| arg_of[arg])))
        };
        let starts = sweep.starts.iter().filter_map(start).collect();
        new.sweeps.push(Sweep { back, graph, reads, writes, starts });
    }

    for &taken in spec.results.iter().filter(|taken| active.takes(**taken)) {
        new.results.extend(match taken {
            Taken::Track { track, back } => track_of[track].map(|track| Taken::Track { track, back }),
            Taken::Sum(sum) => sum_of[sum].map(Taken::Sum),
            Taken::Guess => None,
        });
    }
    if new.results.is_empty() {
        return None;
    }
    let moved = apply(new, g, &nodes);
    let mut at = 0;
    let mut parts = Vec::new();
    for &taken in &spec.results {
        let size = spec.size_of(taken);
        parts.push(if active.takes(taken) {
            at += size;
            g.slice(moved, at - size, &[size])
        } else {
            g.full(&[size], 0.0)
        });
    }
    Some(g.concat(&parts, 0))
}

/// The adjoints of the wanted arguments.
pub(super) fn adjoint(
    spec: &Spec,
    g: &mut Graph,
    args: &[Node],
    dy: Node,
    wanted: &[bool],
) -> Vec<Option<Node>> {
    let active = Active::new(spec, wanted);
    let mut new = Spec { results: Vec::new(), ..spec.clone() };
    let mut nodes = args.to_vec();

    // What came in for each track, as it is in the end, and for each sum
    let mut seed_of_track: Vec<Option<usize>> = vec![None; spec.tracks.len()];
    let mut seed_of_sum: Vec<Option<usize>> = vec![None; spec.sums.len()];
    let mut at = 0;
    for &taken in &spec.results {
        let size = spec.size_of(taken);
        if active.takes(taken) {
            nodes.push(g.slice(dy, at, &[size]));
            match taken {
                Taken::Track { track, .. } => seed_of_track[track] = Some(nodes.len() - 1),
                Taken::Sum(sum) => seed_of_sum[sum] = Some(nodes.len() - 1),
                Taken::Guess => {}
            }
        }
        at += size;
    }

    let carried = |track: usize| spec.sweeps.iter().any(|sweep| sweep.carries(track));
    let is_carried: Vec<bool> = (0..spec.tracks.len()).map(|t| active.tracks[t] && carried(t)).collect();
    let track_of = appended(&mut new.tracks, &spec.tracks, &is_carried);
    // What later sweeps contribute to a track, step by step, at the same place as they read it
    let mut contributions: Vec<Vec<Place>> = vec![Vec::new(); spec.tracks.len()];
    let mut terms: Vec<Vec<Taken>> = vec![Vec::new(); args.len()];
    for sweep in spec.sweeps.iter().rev() {
        let mut body = Backwards {
            graph: sweep.graph.clone(),
            reads: sweep.reads.clone(),
            writes: Vec::new(),
            contributions: &contributions,
        };
        let mut seeds = Vec::new();
        for &(node, write) in &sweep.writes {
            let seed = match write {
                Write::Sum(sum) => seed_of_sum[sum].map(|arg| {
                    let shape = body.graph.shape(node).to_vec();
                    body.read(Read::Arg(arg), &shape)
                }),
                Write::Track(place) if active.tracks[place.track] => {
                    let shape = body.graph.shape(node).to_vec();
                    let own = track_of[place.track]
                        .map(|track| body.read(Read::Track(Place { track, ..place }), &shape));
                    body.with_contributions(place, &shape, own)
                }
                Write::Track(_) => None,
            };
            seeds.extend(seed.map(|seed| (node, seed)));
        }
        let targets: Vec<(Node, Read)> =
            sweep.reads.iter().copied().filter(|(_, read)| active.reads(*read)).collect();
        let wrt: Vec<Node> = targets.iter().map(|target| target.0).collect();
        let pulled = pullback(&mut body.graph, &seeds, &wrt);

        // The state before a step of this sweep: what the step gives, and what later sweeps do
        let mut starts = Vec::new();
        for &(track, start) in &sweep.starts {
            let Some(adjoint) = track_of[track] else { continue };
            let place = Place { track, ahead: sweep.back };
            let own = targets.iter().zip(&pulled).find(|((_, read), _)| *read == Read::Track(place));
            let shape = match own {
                Some(((node, _), _)) => body.graph.shape(*node).to_vec(),
                None => vec![spec.tracks[track]],
            };
            let total = body.with_contributions(place, &shape, own.and_then(|(_, pulled)| *pulled));
            let total = total.unwrap_or_else(|| body.graph.full(&shape, 0.0));
            body.writes.push((total, Write::Track(Place { track: adjoint, ahead: sweep.back })));
            starts.push((adjoint, seed_of_track[track]));
            if let Some(arg) = start.filter(|&arg| active.args[arg]) {
                terms[arg].push(Taken::Track { track: adjoint, back: !sweep.back });
            }
        }
        let mut given = Vec::new();
        for (&(_, read), pulled) in targets.iter().zip(&pulled) {
            let Some(pulled) = *pulled else { continue };
            match read {
                Read::Arg(arg) => {
                    new.sums.push(g.size(args[arg]));
                    body.writes.push((pulled, Write::Sum(new.sums.len() - 1)));
                    terms[arg].push(Taken::Sum(new.sums.len() - 1));
                }
                Read::Track(place) if !sweep.carries(place.track) => {
                    new.tracks.push(spec.tracks[place.track]);
                    let track = new.tracks.len() - 1;
                    body.writes.push((pulled, Write::Track(Place { track, ahead: false })));
                    given.push((place, track));
                }
                Read::Track(_) | Read::Fraction | Read::Elapsed => {}
            }
        }
        let Backwards { graph, reads, writes, .. } = body;
        for (place, track) in given {
            contributions[place.track].push(Place { track, ahead: place.ahead });
        }
        new.sweeps.push(Sweep { back: !sweep.back, graph, reads, writes, starts });
    }

    new.results = terms.iter().flatten().copied().collect();
    if new.results.is_empty() {
        return vec![None; args.len()];
    }
    let sizes: Vec<usize> = new.results.iter().map(|&taken| new.size_of(taken)).collect();
    let pulled = apply(new, g, &nodes);
    let (mut at, mut sizes) = (0, sizes.into_iter());
    let mut sum_of = |g: &mut Graph, arg: Node, terms: &[Taken]| {
        let shape = g.shape(arg).to_vec();
        let parts: Vec<Node> = terms
            .iter()
            .zip(sizes.by_ref())
            .map(|(_, size)| {
                at += size;
                g.slice(pulled, at - size, &shape)
            })
            .collect();
        g.sum_of_terms(&parts)
    };
    args.iter().zip(&terms).map(|(&arg, terms)| sum_of(g, arg, terms)).collect()
}

/// The body of a sweep of adjoints.
struct Backwards<'a> {
    graph: Graph,
    reads: Vec<(Node, Read)>,
    writes: Vec<(Node, Write)>,
    contributions: &'a [Vec<Place>],
}

impl Backwards<'_> {
    fn read(&mut self, read: Read, shape: &[usize]) -> Node {
        let input = self.graph.input(shape);
        self.reads.push((input, read));
        input
    }

    /// `own` and all that later sweeps contribute at a place.
    fn with_contributions(&mut self, place: Place, shape: &[usize], own: Option<Node>) -> Option<Node> {
        let mut terms: Vec<Node> = own.into_iter().collect();
        let contributions = self.contributions;
        for from in contributions[place.track].iter().filter(|from| from.ahead == place.ahead) {
            terms.push(self.read(Read::Track(Place { track: from.track, ahead: false }), shape));
        }
        self.graph.sum_of_terms(&terms)
    }
}

/// Adds the chosen ones of `sizes` to `all`, and says where they are.
fn appended(all: &mut Vec<usize>, sizes: &[usize], chosen: &[bool]) -> Vec<Option<usize>> {
    let add = |(&size, &chosen): (&usize, &bool)| {
        chosen.then(|| {
            all.push(size);
            all.len() - 1
        })
    };
    sizes.iter().zip(chosen).map(add).collect()
}

/// Adds an interval without what its results do not need.
fn apply(mut spec: Spec, g: &mut Graph, args: &[Node]) -> Node {
    drop_unneeded(&mut spec);
    g.apply(Arc::new(Interval::of(spec)), args)
}

/// Drops writes that nothing reads, then sweeps without any. Tracks and sums that nobody writes any more take no room.
fn drop_unneeded(spec: &mut Spec) {
    let mut tracks = vec![false; spec.tracks.len()];
    let mut sums = vec![false; spec.sums.len()];
    for &taken in &spec.results {
        match taken {
            Taken::Track { track, .. } => tracks[track] = true,
            Taken::Sum(sum) => sums[sum] = true,
            Taken::Guess => {}
        }
    }
    for sweep in spec.sweeps[1..].iter_mut().rev() {
        loop {
            let needed = |write: Write| match write {
                Write::Track(place) => tracks[place.track],
                Write::Sum(sum) => sums[sum],
            };
            let outputs: Vec<Node> =
                sweep.writes.iter().filter(|(_, write)| needed(*write)).map(|write| write.0).collect();
            let live = live_nodes(&sweep.graph, &outputs);
            let mut changed = false;
            for (_, read) in sweep.reads.iter().filter(|(node, _)| live[node.index()]) {
                if let Read::Track(place) = read {
                    changed |= !tracks[place.track];
                    tracks[place.track] = true;
                }
            }
            if !changed {
                sweep.writes.retain(|(_, write)| match *write {
                    Write::Track(place) => tracks[place.track],
                    Write::Sum(sum) => sums[sum],
                });
                sweep.reads.retain(|(node, _)| live[node.index()]);
                sweep.starts.retain(|(track, _)| tracks[*track]);
                break;
            }
        }
    }
    let mut first = true;
    spec.sweeps.retain(|sweep| std::mem::take(&mut first) || !sweep.writes.is_empty());
    tracks[0] = true;
    for (size, _) in spec.tracks.iter_mut().zip(&tracks).filter(|(_, needed)| !**needed) {
        *size = 0;
    }
    for (size, _) in spec.sums.iter_mut().zip(&sums).filter(|(_, needed)| !**needed) {
        *size = 0;
    }
}
