# Age of bones of children from graded signs on X-rays, whose cut points are known; some signs are missing.

age[child] ~ Normal(0, 36)
for n in 1:len(grade) {
  grade[n] ~ OrderedLogistic(slope[feature[n]] * age[child[n]], slope[feature[n]] * cut[feature[n]])
}
