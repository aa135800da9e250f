# Votes by ethnicity and sex, with levels for classes of age and education, and for states.

b[5]            ~ Normal(0, 100)
tau[2]          ~ HalfNormal(1)
a_both[age_edu] ~ Normal(0, tau[1])
a_state[state]  ~ Normal(0, tau[2])
vote            ~ Bernoulli(
  logit = cbind(1, black, female, previous, female * black) @ b + a_both[age_edu] + a_state[state],
)
