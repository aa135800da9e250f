# Three cutpoints make four categories.
b ~ Normal(0, 1)
cuts[3] ~ ordered(Normal(0, 2))
rating ~ OrderedLogistic(b * x, cuts)
