# Seeds that germinate on plates, of two kinds in two extracts, with priors of unit width.

b[4]        ~ Normal(0, 1)
tau         ~ HalfCauchy(1)
plate[rows] ~ Normal(cbind(1, kind, root, kind * root) @ b, tau)
germinated  ~ Binomial(planted, logit = plate)
