/** The running Node, where its versions differ. */
export const NODE_MAJOR = Number.parseInt(process.versions.node, 10)
