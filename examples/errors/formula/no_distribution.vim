# A formula is no distribution, and stands outside of loops.
y ~ lm(1 + night)
for i in 1:2 { z[i] ~ Normal(lm(night)[i], 1) }
