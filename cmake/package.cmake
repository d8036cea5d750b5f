# `cpack` in a build folder makes onnx-roofline_VERSION_ARCH.deb: the command, its machines and completions.
# The library stays out: it is static, and built against this very compiler.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME onnx-roofline)
set(CPACK_PACKAGE_CONTACT "The onnx-roofline authors <onnx-roofline@example.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL runtime)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Reads an ONNX model without its weights and says for every layer what it costs
(MACs, FLOPs, traffic, memory), what bounds it on a machine described in YAML,
and how long it takes.")
include(CPack)
