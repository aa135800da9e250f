# Votes for the conservative candidate, along five classes of income.

base  ~ Flat()
slope ~ Flat()
vote  ~ Bernoulli(logit = base + slope * income)
