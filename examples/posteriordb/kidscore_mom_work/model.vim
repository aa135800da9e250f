# Test scores of children, with a mean for each kind of the mother's work.

level[mom_work] ~ Flat()
sigma           ~ HalfCauchy(2.5)
score           ~ Normal(level[mom_work], sigma)
## full-time work in the first year against none
contrast = level["fulltime"] - level["none"]
