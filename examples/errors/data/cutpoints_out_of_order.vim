# Cutpoints that do not increase.
b ~ Normal(0, 1)
rating ~ OrderedLogistic(b * x, [-1, 0.5, 0.5])
