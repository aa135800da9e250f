# Animals caught on five nights: how many there are, when all are caught alike. Unseen ones pad the list.

omega                 ~ Uniform(0, 1)
p                     ~ Uniform(0, 1)
present[nrow(caught)] ~ Bernoulli(omega)
for i in 1:nrow(caught) {
  sum(caught[i]) ~ Binomial(ncol(caught), present[i] * p)
}
animals = nrow(caught) * omega
