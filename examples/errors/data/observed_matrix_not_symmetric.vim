# An observed covariance whose two halves differ.
scale ~ HalfNormal(1)
S ~ Wishart(12, scale * eye(2))
